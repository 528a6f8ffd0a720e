-- Support of students during a workshop: requests for help, and new tokens for lost ones. The
-- script runs in one execute, after removals.sql.

ALTER TABLE public.sessions
  ADD COLUMN IF NOT EXISTS help_asked_at TIMESTAMPTZ;  -- time of the open request for help; null: none

-- Students who wait for help (analytics); the index is nearly empty.
CREATE INDEX IF NOT EXISTS idx_sessions_help_asked ON public.sessions (help_asked_at)
  WHERE help_asked_at IS NOT NULL;

-- Time at which the session last made progress, which activity alone does not show. The instructor's
-- dashboard shows a student as stuck after some time without progress.
ALTER TABLE public.sessions
  ADD COLUMN IF NOT EXISTS progressed_at TIMESTAMPTZ;  -- null: none since this column was added

CREATE OR REPLACE FUNCTION public.mark_progress() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  NEW.progressed_at := greatest(OLD.progressed_at, NEW.last_activity);
  RETURN NEW;
END $$;

-- A course that gets more steps lowers completion rates, so only a rise counts as progress.
CREATE OR REPLACE TRIGGER mark_progress BEFORE UPDATE ON public.sessions FOR EACH ROW
  WHEN (NEW.current_step > OLD.current_step OR NEW.completion_rate > OLD.completion_rate
    OR public.true_flags(NEW) <> public.true_flags(OLD))
  EXECUTE FUNCTION public.mark_progress();

-- Tokens that were replaced are recorded in the table of removals, so that they cannot begin a session.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint
                 WHERE conrelid = 'public.removals'::regclass AND conname = 'removals_kind_check'
                   AND position('replaced_token' IN pg_get_constraintdef(oid)) > 0) THEN
    ALTER TABLE public.removals
      DROP CONSTRAINT IF EXISTS removals_kind_check,
      ADD CONSTRAINT removals_kind_check
        CHECK (kind IN ('session', 'student', 'replaced_token'));
  END IF;
END $$;

-- Raise or lower a session's request for help, and record a change as an event. Raising it again
-- changes nothing. Return no row if there is no such session.
CREATE OR REPLACE FUNCTION public.set_help(
  p_session_token TEXT, p_raised BOOLEAN, p_event_type TEXT
) RETURNS TABLE (help_asked_at TIMESTAMPTZ) LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  v_before public.sessions;
BEGIN
  SELECT * INTO v_before FROM public.sessions s
    WHERE s.session_token = p_session_token FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  help_asked_at := v_before.help_asked_at;
  IF p_raised <> (v_before.help_asked_at IS NOT NULL) THEN
    help_asked_at := CASE WHEN p_raised THEN now() END;
    UPDATE public.sessions s SET help_asked_at = set_help.help_asked_at
      WHERE s.session_token = p_session_token;
    INSERT INTO public.events (student_id, session_token, event_type)
      VALUES (v_before.student_id, p_session_token, p_event_type);
  END IF;
  RETURN NEXT;
END $$;

-- Give a session another token, under which its steps and events stay; the former one neither opens nor
-- begins a session. p_sealed_key (the API key, or null), p_extra and p_exercises hold the session's secrets,
-- sealed for the new token.
CREATE OR REPLACE FUNCTION public.replace_token(
  p_session_token TEXT, p_new_token TEXT, p_sealed_key TEXT, p_extra JSONB, p_exercises JSONB
) RETURNS VOID LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
BEGIN
  INSERT INTO public.sessions
    SELECT (jsonb_populate_record(s, jsonb_build_object(
      'session_token', p_new_token, 'openai_api_key', p_sealed_key, 'extra', p_extra,
      'exercises', p_exercises))).*
    FROM public.sessions s WHERE s.session_token = p_session_token;
  UPDATE public.step_progress SET session_token = p_new_token
    WHERE session_token = p_session_token;
  PERFORM set_config('stepwise.removal', 'token', TRUE);
  UPDATE public.events SET session_token = p_new_token WHERE session_token = p_session_token;
  PERFORM set_config('stepwise.removal', '', TRUE);
  DELETE FROM public.sessions WHERE session_token = p_session_token;
  INSERT INTO public.events (student_id, session_token, event_type)
    SELECT student_id, session_token, 'token_replaced' FROM public.sessions
    WHERE session_token = p_new_token;
  PERFORM public.remember_removals('session', ARRAY[p_session_token]),
    public.remember_removals('replaced_token', ARRAY[p_session_token]);
END $$;
