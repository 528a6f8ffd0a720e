"""Mastery that predicts the next answer: a pure fold over one student's attempts.

It needs neither a database nor a clock, and only `fit` needs numpy. Each attempt takes the same
time, however many came before it. Every name is imported from its own module.

    calibration = Calibration.from_json(text)           # from the server, or default_calibration()
    student = fold(attempts, calibration)               # in whatever order they were delivered
    student.add(attempt)                                # one more, later in canonical order
    student.predict(Question(item, concepts), time)     # probability of a right answer, 0 to 1
    student.skills()["concept id"].score                # 0 to 100; also skill, counts, streak, time
    fit({student_id: attempts}, version).to_json()      # on the server, in minutes

Guarantees:
- The canonical order is `Attempt.clock` (the time as text that sorts), then `Attempt.id`. An
  attempt that is delivered twice counts once. Equal attempts and an equal calibration give equal
  bits. `add` refuses an attempt that belongs before the last one: fold all again then, as after
  a change of the calibration.
- A right answer never lowers the skill and score of its concepts, and a wrong one never raises
  them. Answers to other concepts leave them as they are. A concept that was never tried is not in
  `skills()`; it has no score rather than a low one.
- A score is the expected share of right answers to the concept's questions, as of its last answer.
  Time alone does not change it. Forgetting in a pause is a part of `predict`; its weights are
  fitted for each subject.
- A right answer counts less if it took more than twice the question's usual time, or came with a
  confidence of 1 or 2. A further try at a question counts less, too. The factors are fitted.
  Confidence belongs to its own answer, so no prediction of that answer uses it.
- Questions and concepts that are missing in the calibration are predicted from its other values.

`abilities` has the rule by which abilities move, `records` the state of a student, and `features`
the inputs of a prediction. `difficulties`, `step_search` and `regression` are the parts of `fit`.
"""
