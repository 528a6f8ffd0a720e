"""Every SQL block of the documents, run literally: alone, twice, in order and in random orders.

Blocks are cut from the documents when the tests run. Postgres itself may refuse a block, but none
may touch the rows of another context or keep the next upgrade from working: after each sequence,
an upgrade and the whole product work.
"""

import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web.functions import function_app
from local.servers.postgres_server import PostgresServer, address_in_environment, program
from tests.conftest import ADMIN_PASSWORD
from tests.support.databases import Databases
from tests.support.legacy_data import legacy_tables as legacy_script
from tests.support.old_assessment import FULL, QUESTIONS, ROWS
from tests.support.requirements import sql_blocks
from tests.support.supabase import OWNER, supabase_database

UUIDS = "CREATE FUNCTION public.uuid_generate_v4() RETURNS UUID RETURN gen_random_uuid();"
"""A substitute for the function of the extension uuid-ossp that a document uses."""
OPERATOR = {"Authorization": f"Bearer {ADMIN_PASSWORD}"}
ASSESSMENT, WORKSHOP = "assessment", "workshop"
TABLES = {
    WORKSHOP: ("public.students", "public.sessions", "public.step_progress", "public.events"),
    ASSESSMENT: (
        "assessment.examinees",
        "assessment.student_proficiencies",
        "assessment.questions",
        "assessment.test_sessions",
        "assessment.test_responses",
        "assessment.pool_items",
    ),
}
CONTEXT_OF = {"000": ASSESSMENT, "001": ASSESSMENT, "003": WORKSHOP, "004": WORKSHOP}
_numbers = count()


@dataclass(frozen=True)
class Block:
    """One SQL block of a document."""

    document: str
    number: int
    sql: str

    def __str__(self) -> str:
        return f"{self.document}-{self.number}"


def blocks(*documents: str) -> list[Block]:
    """Return the blocks of the documents, in order."""
    return [
        Block(document, number, text)
        for document in documents
        for number, text in enumerate(sql_blocks(document), start=1)
    ]


def all_blocks() -> list[Block]:
    """Return every block; none if the documents are missing, so that collection never fails."""
    try:
        return blocks(*CONTEXT_OF)
    except pytest.skip.Exception:
        return []


@dataclass
class Product:
    """The product on one database."""

    url: str
    client: TestClient

    def post(self, path: str, **body: Any) -> Any:
        response = self.client.post(path, json=body)
        assert response.status_code == 200, (path, response.text)
        return response.json()

    def post_as_operator(self, path: str, **body: Any) -> Any:
        return self.post(path, adminPassword=ADMIN_PASSWORD, **body)

    def upgrade(self, **body: Any) -> list[str]:
        schema = self.post_as_operator("/api/admin-create-unified-schema", **body)
        results: list[str] = schema["results"]
        return results

    def execute(self, script: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(script.encode())

    def run(self, block: Block, *, whole: bool = False) -> str:
        """Run a block in psql, which goes on after an error; with `whole`, as one transaction."""
        options = ["--no-psqlrc", "--quiet", *(["--single-transaction"] if whole else [])]
        process = subprocess.run(
            [program("psql"), *options],
            env=address_in_environment(self.url),
            input=block.sql,
            capture_output=True,
            text=True,
            check=False,
        )
        return process.stderr

    def counts(self, context: str) -> dict[str, int]:
        """Return the number of rows of the context's tables that exist."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            existing = [
                name
                for (name,) in connection.execute(
                    "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
                    " WHERE schemaname IN ('public', 'assessment')"
                )
                if name in TABLES[context]
            ]
            counts = [f"SELECT '{name}', count(*) FROM {name}" for name in existing]
            query = " UNION ALL ".join(counts)
            return dict(connection.execute(query.encode()).fetchall()) if counts else {}

    def run_and_compare(self, block: Block, *, whole: bool = False) -> None:
        """Run a block, and check that the other context has as many rows as before."""
        (other,) = {*TABLES} - {CONTEXT_OF[block.document]}
        before = self.counts(other)
        self.run(block, whole=whole)
        after = self.counts(other)
        assert {name: after.get(name) for name in before} == before, block

    def work(self) -> None:
        """Let a student and an operator do everything that the product is for."""
        number = next(_numbers)
        session = {
            "sessionToken": self.post("/api/generate-session", studentEmail=f"s{number}@a.example")[
                "sessionToken"
            ]
        }
        for step in range(1, 10):
            progress = self.post(
                "/api/student-progress", **session, stepNumber=step, completed=True, timeSpent=9
            )["progress"]
        assert (progress["completion_rate"], progress["total_time_spent"]) == (100, 81)
        self.post("/api/student-config-save", **session, openaiApiKey="sk-test-1", stepNumber=1)
        self.post("/api/report-bug", **session, description="It does not work.")
        pool = self.upload(number)
        student = f"student-{number}"
        started = self.post("/api/test/start", student_id=student, question_pool_id=pool)
        question = started["next_question"]
        while question is not None:
            question = self.post(
                "/api/test/submit",
                session_id=started["session_id"],
                question_id=question["id"],
                response=0,
            ).get("next_question")
        for path in ("proficiency", "history", "progress"):
            response = self.client.get(f"/api/student/{student}/{path}", headers=OPERATOR)
            assert response.status_code == 200, response.text
        sessions = self.post_as_operator("/api/admin-list-configs-v2")["sessions"]
        assert session["sessionToken"] in {listed["sessionToken"] for listed in sessions}
        assert self.client.get("/health").json()["status"] == "healthy"

    def upload(self, number: int) -> str:
        """Upload a pool of two questions; return its id."""
        response = self.client.post(
            "/api/questions/upload",
            headers=OPERATOR,
            json={
                "questions": [
                    {
                        "id": f"q-{number}-{question}",
                        "content": f"{question} + 1 = ?",
                        "options": [str(question + 1), "0"],
                        "correct_answer": str(question + 1),
                        "concepts": [1, 0, 0, 0, 0],
                    }
                    for question in range(2)
                ]
            },
        )
        assert response.status_code == 200, response.text
        return str(response.json()["question_pool_id"])


Products = Callable[[str], AbstractContextManager[Product]]


@pytest.fixture
def postgres_url() -> str:
    """No database, since each `Product` has one of its own."""
    return ""


@pytest.fixture
def products(settings: Settings, tmp_path: Path) -> Products:
    """Function that returns a context manager for the product on the database at a URL."""

    @contextmanager
    def product_on(url: str) -> Iterator[Product]:
        deps = Deps(replace(settings, postgres_url=url, backup_folder=str(tmp_path)))
        install_deps(deps)
        try:
            yield Product(url, TestClient(function_app("index"), raise_server_exceptions=False))
        finally:
            install_deps(None)
            deps.close()

    return product_on


@pytest.fixture
def used_product(databases: Databases, products: Products) -> Iterator[Product]:
    """The product with rows in every context."""

    def fill(url: str) -> None:
        with products(url) as product:
            product.execute(UUIDS)
            product.work()

    template = databases.template("used_product", "migrated", fill)
    with databases.copy(template) as url, products(url) as product:
        yield product


@pytest.mark.parametrize("block", all_blocks(), ids=str)
def test_block_run_twice_touches_no_other_context_and_a_later_upgrade_works(
    block: Block, used_product: Product
) -> None:
    for whole in (False, True):
        used_product.run_and_compare(block, whole=whole)
    used_product.upgrade()
    used_product.work()


@pytest.mark.parametrize("block", all_blocks(), ids=str)
def test_block_run_twice_before_the_first_upgrade_does_not_keep_it_from_working(
    block: Block, empty_postgres_url: str, products: Products
) -> None:
    with products(empty_postgres_url) as product:
        product.execute(UUIDS)
        for whole in (False, True):
            product.run(block, whole=whole)
        product.upgrade()
        product.work()


def leave_empty(_product: Product) -> None:
    """Leave an empty database."""


def upgrade_and_use(product: Product) -> None:
    """Create the product's schema, with rows in every context."""
    product.upgrade()
    product.work()


def create_legacy_tables(product: Product) -> None:
    """Create the legacy tables of the workshop."""
    product.execute(legacy_script())


def serve_by_views(product: Product) -> None:
    """Upgrade a database of the previous version, which views then serve."""
    product.execute(FULL + ROWS + QUESTIONS)
    product.upgrade()


STATES = (leave_empty, upgrade_and_use, create_legacy_tables, serve_by_views)


@pytest.mark.parametrize("prepare", STATES, ids=lambda prepare: prepare.__name__)
@pytest.mark.parametrize("documents", [("000", "001"), ("003", "004")], ids="-".join)
def test_documents_in_their_order_leave_a_product_that_works(
    documents: tuple[str, ...], prepare: Callable[[Product], None], empty_postgres_url: str,
    products: Products,
) -> None:  # fmt: skip
    with products(empty_postgres_url) as product:
        product.execute(UUIDS)
        prepare(product)
        for block in blocks(*documents):
            product.run_and_compare(block)
        product.upgrade(finish=True)
        product.work()


@pytest.mark.parametrize("seed", range(10))
def test_blocks_in_random_order_leave_a_product_that_works(
    seed: int, empty_postgres_url: str, products: Products
) -> None:
    rng = random.Random(seed)
    sequence = blocks(*CONTEXT_OF)
    rng.shuffle(sequence)
    with products(empty_postgres_url) as product:
        product.execute(UUIDS)
        STATES[seed % 2](product)
        for block in sequence:
            product.run_and_compare(block, whole=rng.random() < 0.5)
            if rng.random() < 0.1:
                product.upgrade()
        product.upgrade()
        product.work()


@pytest.mark.parametrize("seed", range(2))
def test_blocks_run_by_supabases_owner_leave_a_product_that_works(
    seed: int, postgres_server: PostgresServer, products: Products
) -> None:
    with (
        supabase_database(postgres_server, f"documents_{seed}") as supabase,
        products(supabase.url(OWNER)) as product,
    ):
        STATES[seed](product)
        sequence = blocks(*CONTEXT_OF)
        random.Random(100 + seed).shuffle(sequence)
        for block in sequence:
            product.run_and_compare(block)
        product.upgrade()
        assert supabase.open_objects() == []
        product.work()
