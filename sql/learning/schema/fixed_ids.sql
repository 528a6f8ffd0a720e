-- Ids of rows that come from a database of the live learning system, which numbers them.

-- The UUID of a row of the live system: version 8, always the same for the same table and number.
-- lib/learning/fixed_ids.py derives the same UUID.
CREATE OR REPLACE FUNCTION learning.fixed_uuid(p_table TEXT, p_id BIGINT) RETURNS UUID
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT encode(set_byte(set_byte(digest,
    6, get_byte(digest, 6) & 15 | 128),   -- version 8
    8, get_byte(digest, 8) & 63 | 128),   -- variant of RFC 9562
    'hex')::UUID
  FROM substr(sha256(convert_to(p_table || ':' || p_id, 'UTF8')), 1, 16) AS digest
$$;
