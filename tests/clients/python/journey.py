"""Take a whole test and a whole workshop with the generated client, and print the results.

The arguments are the server's address and the operator's password.
"""

import json
import sys
from typing import Any
from uuid import UUID

from stepwise_client import AuthenticatedClient, Client
from stepwise_client.api.assessment import (
    end_test,
    get_student_proficiency,
    get_test_status,
    start_test,
    submit_answer,
)
from stepwise_client.api.assessment_operators import upload_questions
from stepwise_client.api.health import get_health
from stepwise_client.api.workshop import (
    generate_session,
    get_config,
    look_up_progress,
    record_progress,
    save_config,
)
from stepwise_client.api.workshop_operators import get_workshop_analytics
from stepwise_client.models import (
    CompletedOut,
    ConfigIn,
    ContinueOut,
    EndCriteria,
    EndCriteriaType,
    EndIn,
    ProgressIn,
    ProgressOut,
    QuestionIn,
    SessionIn,
    StartIn,
    SubmitIn,
    UploadIn,
)

url, password = sys.argv[1:]
student = Client(base_url=url, raise_on_unexpected_status=True)
operator = AuthenticatedClient(base_url=url, token=password, raise_on_unexpected_status=True)


def take_test() -> dict[str, Any]:
    """Upload a pool, start a test on it, and answer its questions until the test ends."""
    questions = [
        QuestionIn(
            id=f"python-{number}",
            content="What is 2 + 2?",
            options=["3", "4"],
            correct_answer="4",
            concepts=[1.0, 0.5],
            difficulty=number / 10,
        )
        for number in range(1, 10)
    ]
    upload = upload_questions.sync(client=operator, body=UploadIn(questions=questions))
    new_test = start_test.sync(
        client=student,
        body=StartIn(
            student_id="python-student",
            question_pool_id=upload.question_pool_id,
            concept_names=["Products", "Sums"],
            end_criteria=EndCriteria(type_=EndCriteriaType.FIXED_LENGTH, max_questions=5),
        ),
    )
    answer = answer_all(new_test.session_id, new_test.next_question.id)
    invalid = SubmitIn(session_id=new_test.session_id, question_id="python-1", response=-1)
    end = end_test.sync(client=student, body=EndIn(session_id=new_test.session_id))
    status = get_test_status.sync(new_test.session_id, client=student)
    results = get_student_proficiency.sync(
        "python-student", client=student, x_session_id=str(new_test.session_id)
    )
    return {
        "uploaded": upload.count,
        "status": answer.status,
        "answers": answer.total_questions,
        "accuracy": end.summary.accuracy,
        "is_active": status.is_active,
        "concepts": results.concept_names,
        "same_result": results.proficiency == end.final_proficiency,
        "too_late": submit_answer.sync(
            client=student,
            body=SubmitIn(session_id=new_test.session_id, question_id="another", response=0),
        ).code,
        "invalid": submit_answer.sync(client=student, body=invalid).details[0].field,
        "unknown": get_test_status.sync(UUID(int=1), client=student).code,
    }


def answer_all(session_id: UUID, question_id: str) -> CompletedOut:
    """Answer every question correctly."""
    while True:
        body = SubmitIn(session_id=session_id, question_id=question_id, response=1)
        answer = submit_answer.sync(client=student, body=body)
        if isinstance(answer, CompletedOut):
            return answer
        assert isinstance(answer, ContinueOut)
        question_id = answer.next_question.id


def take_workshop() -> dict[str, Any]:
    """Report nine steps, save the configuration, and read both; read analytics as the operator."""
    session = generate_session.sync(
        client=student, body=SessionIn(student_email="python@example.com")
    )
    token = session.session_token
    for step in range(1, 10):
        report = ProgressIn(session_token=token, step_number=step, completed=True, time_spent=60)
        reply = record_progress.sync(client=student, body=report, idempotency_key=f"{step}")
    settings = ConfigIn(session_token=token, selected_voice="en-US-Journey-O")
    saved_config = save_config.sync(client=student, body=settings)
    stale = ConfigIn(
        session_token=token, selected_voice="another", version=saved_config.version - 1
    )
    stored_progress = look_up_progress.sync(client=student, x_session_token=token)
    assert isinstance(stored_progress, ProgressOut)
    return {
        "steps": len(reply.progress.step_progress),
        "completion": stored_progress.progress.completion_rate,
        "seconds": stored_progress.progress.total_time_spent,
        "voice": get_config.sync(client=student, x_session_token=token).config.selected_voice,
        "stale": save_config.sync(client=student, body=stale).code,
        "completed": get_workshop_analytics.sync(client=operator).totals.completed_sessions,
        "outsider": get_workshop_analytics.sync(client=student).code,
    }


print(  # noqa: T201 the test reads it
    json.dumps(
        {
            "health": get_health.sync(client=student).status,
            "test": take_test(),
            "workshop": take_workshop(),
        }
    )
)
