"""Tickets for tests, issued through the endpoint."""

from typing import Any

from fastapi.testclient import TestClient

from tests.assessment.conftest import Student


def issue(
    client: TestClient, operator: dict[str, str], pool_id: str, *student_ids: str, **fields: Any
) -> list[dict[str, Any]]:
    """Issue a ticket for each student; return the tickets of the response."""
    response = client.post(
        "/api/test/tickets",
        json={"question_pool_id": pool_id, "student_ids": list(student_ids), **fields},
        headers=operator,
    )
    assert response.status_code == 200, response.text
    tickets: list[dict[str, Any]] = response.json()["tickets"]
    return tickets


class TicketHolder(Student):
    """A student who starts with a ticket and nothing else."""

    def __init__(self, client: TestClient, ticket: dict[str, Any]) -> None:
        super().__init__(client, "", ticket["student_id"])
        self.ticket = ticket["ticket"]

    def post_start(self, **fields: Any) -> Any:
        """Start with the ticket; return the response, whatever its status."""
        return self.client.post("/api/test/start", json={"ticket": self.ticket, **fields})

    def start(self, **fields: Any) -> dict[str, Any]:
        """Start with the ticket; return the body of the response."""
        response = self.post_start(**fields)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        self.session_id, self.question = body["session_id"], body["next_question"]
        return body
