-- ping --
-- Answers as soon as the database takes queries at all.
SELECT 1;
