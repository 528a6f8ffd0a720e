-- Runs before the scripts of an upgrade that ends the service for the previous version.
SELECT set_config('stepwise.finish', 'on', true);
