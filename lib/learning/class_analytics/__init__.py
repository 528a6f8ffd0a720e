"""A teacher's view of a class: mastery by topic, students at risk, a predicted exam result."""
