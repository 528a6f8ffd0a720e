"""Help: a student asks for it, and an instructor marks it as given."""
