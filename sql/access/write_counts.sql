-- count_writes --
-- Count calls and refuse them if there were too many.
SELECT stepwise.count_writes(%(keys)s, %(writes)s, %(limits)s, %(now)s, %(ends_at)s);
