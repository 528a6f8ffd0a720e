"""Mastery that predicts the next answer: a pure fold over a student's attempts.

It needs neither a database nor a clock, and every attempt takes the same time.

    calibration = Calibration.from_json(text)            # from the server; `default_calibration()`
    student = fold(attempts, calibration)                # any order of delivery, the same result
    student.add(attempt)                                 # one more, later in canonical order
    student.predict(Question(item, concepts), time)      # probability of a right answer
    student.skills()                                     # by concept: skill, score, streak, …
    fit({student_id: attempts}, version).to_json()       # on the server; needs numpy

Each name is imported from its module: `attempts`, `calibration`, `student`, `fit`.
"""
