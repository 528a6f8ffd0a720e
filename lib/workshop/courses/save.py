"""Creation and replacement of courses by operators."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lib.database.advisory_lock import take_shared_lock
from lib.deps import Deps
from lib.workshop.course import Course, Step, name_key
from lib.workshop.courses import store
from lib.workshop.courses.wire import CourseBody, CourseIn, CourseSavedOut
from lib.workshop.errors import CourseIsBuiltIn, StepsHaveReports


def save_course(request: CourseIn, deps: Deps) -> CourseSavedOut:
    """Create a course, or replace it and recompute the progress of its sessions.

    Raises:
        CourseIsBuiltIn: If the course is part of the product.
        StepsHaveReports: If a step that sessions have reported would be removed or moved.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock` exclusively.
    """
    course = request.to_course()
    recomputed = renamed = 0
    with deps.postgres.transaction() as transaction:
        take_shared_lock(transaction)
        stored = store.lock_course(transaction, course.course_id)
        if stored is not None:
            if stored.built_in:
                raise CourseIsBuiltIn
            reported_steps = store.load_reported_steps(transaction, course.course_id)
            steps = ", ".join(_removed_or_moved_steps(stored, course, reported_steps))
            if steps:
                raise StepsHaveReports(steps=steps)
            course = with_former_names(course, stored)
        if not request.dry_run:
            store.save_course(transaction, course)
            renamed = store.rename_steps(transaction, course.course_id)
            recomputed = store.recompute_sessions(transaction, course.course_id)
        sessions = store.count_sessions(transaction, course.course_id)
    return CourseSavedOut(
        message="Dry run: nothing was changed" if request.dry_run else "Course saved",
        course=CourseBody.from_course(course),
        created=stored is None,
        dry_run=request.dry_run,
        sessions=sessions,
        sessions_recomputed=recomputed,
        steps_renamed=renamed,
    )


def with_former_names(course: Course, stored: Course) -> Course:
    """Return the course with the stored names of its steps as aliases, except names in use.

    The names of a stored step become aliases of the step with the same number, except names that
    the course itself uses. Pages that still send a former name continue to report the same step.
    """
    numbers_by_key = course.numbers_by_name_key
    former_steps = {step.number: step for step in stored.steps}
    return replace(
        course,
        steps=tuple(
            _with_aliases(step, former_steps.get(step.number), numbers_by_key)
            for step in course.steps
        ),
    )


def _with_aliases(step: Step, former_step: Step | None, numbers_by_key: dict[str, int]) -> Step:
    if former_step is None:
        return step
    free_names = (name for name in former_step.names if name_key(name) not in numbers_by_key)
    return replace(step, aliases=(*step.aliases, *free_names))


def _removed_or_moved_steps(
    stored: Course, course: Course, reported_steps: Iterable[store.ReportedStep]
) -> Iterator[str]:
    """Yield each reported step that the new course lacks or has under another number."""
    for step in reported_steps:
        name = stored.steps[step.step_number - 1].name
        removed = step.step_number > course.last_step
        moved = course.step_of_name(name) not in {None, step.step_number}
        if removed or moved:
            yield f"{step.step_number} {name} (sessions: {step.sessions})"
