"""The statements that turn a batch of session tokens into sessions and steps."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lib.database.queries import load_queries
from lib.database.rows import server_cursor
from lib.database.statements import as_jsonb
from lib.legacy.runs.counts import ReadBack, TableRows
from lib.legacy.session_fields import SESSION_LISTS
from lib.vault import AUTH_TOKEN_MEMBER

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("legacy/sessions.sql", SESSION_LISTS)


@dataclass(frozen=True)
class UnknownValues:
    """Values of a row's unknown columns, by column."""

    place: str
    """Place of the row in the batch."""
    session_token: str
    unknown: dict[str, Any]


@dataclass(frozen=True)
class StagedTokens:
    """Number of tokens in a batch."""

    tokens: int
    stored: int
    """Tokens that have a session already."""


@dataclass(frozen=True)
class NewStudents:
    """Students that a batch of sessions added."""

    anonymous: int
    late: int
    """People whose rows appeared after the people were migrated."""


@dataclass(frozen=True)
class InsertedSteps:
    """Steps of new sessions."""

    rows: int
    first_id: int
    """The lowest id; steps of earlier batches have lower ones."""


@dataclass(frozen=True)
class MergeCounts:
    """Changes to sessions that were stored already."""

    steps_created: int
    people_claimed: int
    """Anonymous students whose session turned out to belong to a person with an e-mail."""


@dataclass(frozen=True)
class Fate:
    """Number of rows or tokens with one fate, under a name such as `workshop_students.merged`."""

    name: str
    value: Decimal


@dataclass(frozen=True)
class Losses:
    """Counts of what went wrong in a batch; all are 0 if nothing went wrong."""

    tokens_missing: int
    values_lost: int
    keys_in_the_clear: int


@dataclass(frozen=True)
class KeyPair:
    """The API key of a stored session, and another one in a legacy row."""

    session_token: str
    legacy_key: str
    stored_key: str
    legacy_is_newer: bool


@dataclass(frozen=True)
class KeyDecision:
    """The decision between two API keys."""

    keeps_stored: bool
    reason: str | None
    """Reason for the report; None if there is nothing to report."""


def clear_stage(transaction: "Transaction") -> None:
    """Empty the temporary tables of the previous batch."""
    transaction.execute(_queries["clear_stage"])


def read_batch(transaction: "Transaction", start: int, end: int) -> None:
    """Copy the rows whose token's hash is from `start` to before `end`."""
    transaction.execute(_queries["read_batch"], {"from": start, "to": end})


def separate_people(transaction: "Transaction") -> None:
    """Give each of several people who share a token a token of their own."""
    transaction.execute(_queries["analyze_batch"])
    transaction.execute(_queries["separate_people"])


def skip_removed(transaction: "Transaction") -> list[TableRows]:
    """Skip the rows of removed sessions and people; return their number for each legacy table."""
    transaction.execute(_queries["analyze_batch"])
    transaction.execute(_queries["skip_removed_sessions"])
    transaction.execute(_queries["skip_sessions_of_removed_people"])
    return transaction.fetch_all(_queries["count_skipped_rows"], None, TableRows)


def count_merged_tokens(transaction: "Transaction") -> int:
    """Count the tokens of the batch with several rows."""
    return int(transaction.fetch_value(_queries["count_merged_tokens"]))


def seal_unknown(transaction: "Transaction", pattern: str, seal: Callable[[str, Any], Any]) -> None:
    """Encrypt secrets among the batch's values of unknown columns.

    Args:
        transaction: The transaction of the batch.
        pattern: Regular expression that the JSON of a row matches if it may hold a secret.
        seal: Returns the values of a row with their secrets encrypted, given its session token.
    """
    params = {"pattern": pattern}
    for row in transaction.fetch_all(_queries["read_unknown_secrets"], params, UnknownValues):
        sealed = as_jsonb(seal(row.session_token, row.unknown))
        params = {"place": row.place, "unknown": sealed}
        transaction.execute(_queries["store_sealed_unknown"], params)


def stage_batch(transaction: "Transaction") -> StagedTokens:
    """Fill the temporary tables with the batch, merged and repaired."""
    transaction.execute(_queries["find_repeated_tokens"])
    transaction.execute(_queries["analyze_repeated_tokens"])
    transaction.execute(_queries["merge_repeated_rows"])
    token_count = transaction.execute(_queries["stage_sessions"])
    transaction.execute(_queries["analyze_incoming"])
    transaction.execute(_queries["follow_changed_emails"])
    transaction.execute(_queries["hide_keys"])
    stored_count = transaction.execute(_queries["find_stored_tokens"])
    transaction.execute(_queries["stage_steps"])
    transaction.execute(_queries["leave_out_other_courses"])
    transaction.execute(_queries["total_steps"])
    transaction.execute(_queries["analyze_steps"])
    return StagedTokens(token_count, stored_count)


def keep_out_removed_keys(transaction: "Transaction") -> None:
    """Keep keys out of the sessions from which they were removed."""
    transaction.execute(_queries["keep_out_removed_keys"])


def resolve_key_conflicts(
    transaction: "Transaction", decide: Callable[[KeyPair], KeyDecision], at_once: int
) -> None:
    """Decide between each stored key and a different key of a legacy row; store the decisions."""
    connection = transaction.connection
    with server_cursor(connection, "conflicting_keys") as cursor:
        cursor.execute(_queries["read_conflicting_keys"].text)
        while rows := cursor.fetchmany(at_once):
            with connection.cursor().copy(_queries["copy_key_conflicts"].text) as copy:
                for token, legacy_key, stored_key, legacy_is_newer in rows:
                    pair = KeyPair(
                        session_token=token,
                        legacy_key=legacy_key,
                        stored_key=stored_key,
                        legacy_is_newer=legacy_is_newer,
                    )
                    decision = decide(pair)
                    copy.write_row((pair.session_token, decision.keeps_stored, decision.reason))


def seal_plain_keys(
    transaction: "Transaction", seal: Callable[[str, str], str], at_once: int
) -> int:
    """Seal the batch's unencrypted keys and store them.

    Args:
        transaction: The transaction of the batch.
        seal: Encrypts a key, given the session token and the key.
        at_once: Maximum number of keys in memory.

    Returns:
        Number of keys.
    """
    connection, count = transaction.connection, 0
    with server_cursor(connection, "plain_keys") as cursor:
        cursor.execute(_queries["read_plain_keys"].text)
        while rows := cursor.fetchmany(at_once):
            with connection.cursor().copy(_queries["copy_sealed_keys"].text) as copy:
                for token, key in rows:
                    copy.write_row((token, seal(token, key)))
            count += len(rows)
    transaction.execute(_queries["analyze_keys"])
    return count


def report_unreadable_keys(
    transaction: "Transaction", opens: Callable[[str, str], bool], at_once: int
) -> None:
    """Report the batch's encrypted keys that cannot be decrypted.

    Args:
        transaction: The transaction of the batch.
        opens: Returns whether a key can be decrypted, given the session token and the key.
        at_once: Maximum number of keys in memory.
    """
    unreadable = []
    with server_cursor(transaction.connection, "sealed_keys") as cursor:
        cursor.execute(_queries["read_sealed_keys"].text)
        while rows := cursor.fetchmany(at_once):
            unreadable += [token for token, key in rows if not opens(token, key)]
    if unreadable:
        transaction.execute(_queries["find_unreadable_keys"], {"tokens": unreadable})


def seal_accounts(transaction: "Transaction", seal: Callable[[str], str]) -> None:
    """Encrypt the batch's Twilio accounts that are in plain text."""
    cursor = transaction.connection.execute(_queries["plain_accounts"].text)
    accounts = [account for (account,) in cursor]
    if accounts:
        params = {"plain": accounts, "sealed": [seal(account) for account in accounts]}
        transaction.execute(_queries["store_sealed_accounts"], params)


def add_owners(transaction: "Transaction") -> NewStudents:
    """Find the student of each session, and add the students who are missing."""
    transaction.execute(_queries["find_owners"])
    transaction.execute(_queries["analyze_owners"])
    (students,) = transaction.fetch_all(_queries["insert_missing_students"], None, NewStudents)
    transaction.execute(_queries["find_missing_owners"])
    return students


def insert_sessions(transaction: "Transaction") -> int:
    """Store the sessions of new tokens; return their number."""
    rows = transaction.execute(_queries["insert_sessions"])
    transaction.execute(_queries["analyze_sessions"])
    return rows


def insert_steps(transaction: "Transaction") -> InsertedSteps:
    """Store the steps of the new sessions."""
    (steps,) = transaction.fetch_all(_queries["insert_steps"], None, InsertedSteps)
    transaction.execute(_queries["analyze_step_progress"])
    return steps


def merge_stored(transaction: "Transaction") -> MergeCounts:
    """Merge the batch into the sessions that are stored already."""
    steps = transaction.execute(_queries["add_steps"])
    transaction.execute(_queries["update_steps"])
    transaction.execute(_queries["merge_sessions"])
    transaction.execute(_queries["analyze_merged_sessions"])
    transaction.execute(_queries["update_sessions"])
    transaction.execute(_queries["give_steps_to_new_student"])
    transaction.execute(_queries["give_events_to_new_student"])
    return MergeCounts(steps, transaction.execute(_queries["remove_placeholders"]))


def add_accounts(transaction: "Transaction") -> None:
    """Give Twilio accounts and GitHub names to students of the batch's sessions who have none."""
    transaction.execute(_queries["add_accounts"])
    transaction.execute(_queries["add_github_names"])


def fill_extra(transaction: "Transaction") -> None:
    """Add settings to the `extra` of sessions that lack them."""
    transaction.execute(_queries["fill_extra"])


def fill_auth_tokens(
    transaction: "Transaction", reseal: Callable[[str, str], str | None], at_once: int
) -> None:
    """Store auth tokens of Twilio in `extra` of the new sessions.

    Args:
        transaction: The transaction of the batch.
        reseal: Encrypts an auth token for `extra`, given the session token and the auth token as
            sealed under LEGACY_FIELD or in plain text; None if that cannot be decrypted.
        at_once: Maximum number of auth tokens that are read at a time; all are kept, encrypted.
    """
    resealed = []
    with server_cursor(transaction.connection, "auth_tokens") as cursor:
        cursor.execute(_queries["read_auth_tokens"].text)
        while rows := cursor.fetchmany(at_once):
            resealed += [(token, reseal(token, text)) for token, text in rows]
    if readable := [(token, sealed) for token, sealed in resealed if sealed is not None]:
        tokens, sealed = zip(*readable, strict=True)
        params = {"member": AUTH_TOKEN_MEMBER, "tokens": list(tokens), "sealed": list(sealed)}
        transaction.execute(_queries["store_auth_tokens"], params)


def count_fates(transaction: "Transaction") -> list[Fate]:
    """Return the number of the batch's tokens and rows by fate."""
    return transaction.fetch_all(_queries["count_fates"], None, Fate)


def count_losses(transaction: "Transaction") -> Losses:
    """Compare the batch's legacy rows with the stored sessions."""
    (losses,) = transaction.fetch_all(_queries["count_lost"], None, Losses)
    return losses


def read_back_sessions(transaction: "Transaction") -> ReadBack:
    """Return the checksums of the batch's sessions."""
    (row,) = transaction.fetch_all(_queries["check_sessions"], None, ReadBack)
    return row


def read_back_steps(transaction: "Transaction", first_id: int) -> ReadBack:
    """Return the checksums of the batch's steps; those of new sessions have ids from `first_id`."""
    (row,) = transaction.fetch_all(_queries["check_steps"], {"first_id": first_id}, ReadBack)
    return row


def report_other_accounts(
    transaction: "Transaction", is_same: Callable[[str, str | None], bool], at_once: int
) -> None:
    """Report the accounts of rows whose student has another account.

    Args:
        transaction: The transaction of the batch.
        is_same: Returns whether the account of a row is that of its student.
        at_once: Maximum number of accounts in memory.
    """
    rows_to_report = []
    with server_cursor(transaction.connection, "accounts") as cursor:
        cursor.execute(_queries["read_accounts"].text)
        while rows := cursor.fetchmany(at_once):
            rows_to_report += [row[:2] for row in rows if not is_same(*row[2:])]
    if rows_to_report:
        sources, row_keys = zip(*rows_to_report, strict=True)
        params = {"sources": list(sources), "row_keys": list(row_keys)}
        transaction.execute(_queries["find_other_accounts"], params)


def find_repairs(transaction: "Transaction") -> None:
    """Report what was repaired or not understood, in pg_temp.findings."""
    transaction.execute(_queries["find_unread"])
    transaction.execute(_queries["find_unknown_columns"])
    transaction.execute(_queries["find_other_github_names"])
    transaction.execute(_queries["find_overridden"])
    transaction.execute(_queries["find_shared_tokens"])
    transaction.execute(_queries["find_long_tokens"])
    transaction.execute(_queries["find_repaired_rows"])
    transaction.execute(_queries["find_repaired_exercises"])
    transaction.execute(_queries["find_key_conflicts"])
