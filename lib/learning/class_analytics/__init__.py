"""What a teacher sees of a class: mastery by topic, students at risk, a predicted exam result."""
