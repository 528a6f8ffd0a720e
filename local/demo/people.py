"""The students of the demo's workshop, who are all invented."""

import re
from dataclasses import dataclass
from enum import StrEnum

MAIL_DOMAIN = "example.com"


class Presence(StrEnum):
    """State of a student's work, by the time since the last activity."""

    ACTIVE = "active"  # within the last quarter of an hour
    PAUSED = "paused"  # earlier today or last night
    STUCK = "stuck"  # one to four days ago, on a step that did not pass
    FINISHED = "finished"  # all nine steps passed, in the last two weeks
    LEFT = "left"  # weeks ago; clean-up has closed the session


@dataclass(frozen=True)
class Person:
    """A student, one line of TABLE: step, presence, name, mailbox and remarks."""

    number: int
    step: int
    """Furthest step reached, 0 to 9."""
    presence: Presence
    name: str | None
    """None for an anonymous student."""
    mailbox: str | None
    demo_mode: bool
    has_older_session: bool
    """Whether the student has an older session."""
    asks_for_help: bool
    """Whether the student waits for help."""

    @property
    def email(self) -> str | None:
        """Address at a domain that receives no mail."""
        return self.mailbox and f"{self.mailbox}@{MAIL_DOMAIN}"


TABLE = """
0  active    Priya Raman            priya.raman
0  active    Tomás Herrera          tomas
0  stuck     Lena Vogel             lena.vogel
1  active    Kwame Mensah           kwame.mensah
1  active    -                      -
1  stuck     Sofia Lindqvist        sofia.lindqvist
1  left      Daniel Brandt          d.brandt
2  active    Mei-Ling Chou          meiling.chou
2  paused    Ibrahim Al-Sayed       ibrahim.alsayed
2  left      -                      -
3  active    Ana Souza              ana.souza        older session
3  active    Grace O'Connell        grace.oconnell
3  paused    Yuki Tanaka            yuki
3  stuck     Pavel Novák            pavel.novak
3  paused    Guided Tour            guided.tour      demo
4  active    Fatima Zahra Bennani   fz.bennani       help
4  active    João Pereira           joao.pereira
4  paused    Chloe Martin           chloe.martin     older session
4  stuck     Oluwaseun Adeyemi      seun.adeyemi
4  active    -                      -
5  active    Noor Haddad            noor.haddad
5  paused    Elif Yılmaz            elif.yilmaz
5  stuck     Marcus Bell            marcus.bell
5  active    Hannah Weiss           hannah.weiss     help
6  active    Arjun Mehta            arjun.mehta
6  paused    Ingrid Halvorsen       ingrid.halvorsen
6  stuck     Rosa Delgado           rosa.delgado
6  paused    Liam Murphy            liam.murphy
7  active    Nguyễn Thị Lan         lan.nguyen
7  paused    Kofi Asante            kofi.asante
7  active    Zoë Laurent            zoe.laurent      older session
8  active    Sara Nilsson           sara.nilsson
8  paused    Dmitri Volkov          dmitri.volkov
8  stuck     Aisha Khan             aisha.khan
9  active    Mateus Rocha           mateus.rocha
9  paused    Emily Carter           emily.carter
9  finished  Amara Okafor           amara.okafor     older session
9  finished  Bjørn Dahl             bjorn.dahl
9  finished  Keiko Mori             keiko.mori
9  finished  Victor Silva           victor.silva
"""  # noqa: RUF001 correct spelling of the names


def people() -> list[Person]:
    """Return the 40 students, from the first step to the last."""
    return [_person(number, line) for number, line in enumerate(TABLE.strip().splitlines())]


def _person(number: int, line: str) -> Person:
    step, presence, name, mailbox, *remarks = re.split(r"\s{2,}", line)
    return Person(
        number=number,
        step=int(step),
        presence=Presence(presence),
        name=None if name == "-" else name,
        mailbox=None if mailbox == "-" else mailbox,
        demo_mode="demo" in remarks,
        has_older_session="older session" in remarks,
        asks_for_help="help" in remarks,
    )
