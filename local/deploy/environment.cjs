// `provider.environment` of serverless.yml: the variables of the functions on AWS.
//
// A deployment replaces all variables of the running functions with these. A variable that this shell
// happens to lack would be removed there, so `osls` refuses until each has been decided on: a
// required one needs a value; an optional one needs a value or an explicitly empty one (`BACKUP_BUCKET=`).
// Each inner list holds the names of one variable; the first name with a value counts.
'use strict';

const REQUIRED = [
  ['POSTGRES_URL', 'DATABASE_URL'],
  ['ADMIN_PASSWORD'],
  ['CRON_SECRET'],
  ['ENCRYPTION_KEY'],
];
const OPTIONAL = [
  ['POSTGRES_URL_NON_POOLING', 'DATABASE_URL_UNPOOLED'],
  ['UPSTASH_REDIS_REST_URL', 'KV_REST_API_URL'],
  ['UPSTASH_REDIS_REST_TOKEN', 'KV_REST_API_TOKEN'],
  ['INSTRUCTOR_PASSWORD'],
  ['ENCRYPTION_KEY_PREVIOUS'],
  ['ALLOWED_ORIGINS'],
  ['WEBSOCKET_DOMAIN', 'RAILWAY_WEBSOCKET_DOMAIN'],
  ['WORKSHOP_RETENTION_DAYS'],
  ['TEST_RETENTION_DAYS'],
  ['TEST_ADMISSION'],
  ['OPEN_TESTS_COUNT'],
  ['WRITE_LIMITS'],
  ['BACKUP_BUCKET'],
];
// Commands that change no variable.
const EXEMPT_COMMANDS = ['info', 'invoke', 'logs', 'metrics', 'remove', 'rollback'];

const valueOf = (names) => names.map((name) => process.env[name]).find((value) => value?.trim());
const isSet = (names) => names.some((name) => process.env[name] !== undefined);
const asLines = (groups) => groups.map((names) => `  ${names.join(' or ')}`).join('\n');

function refuse(missing, undecided) {
  const parts = ['Nothing was deployed.'];
  if (missing.length > 0) {
    parts.push(`These variables have no value, and the functions need them:\n${asLines(missing)}`);
  }
  if (undecided.length > 0) {
    parts.push(
      'These variables are not set. A deployment would remove them from the running functions. ' +
        `Set each to its value, or to nothing (${undecided[0][0]}=) to go without:\n${asLines(undecided)}`,
    );
  }
  parts.push('Set them in the shell or in .env.<stage>; docs/deploy.md explains them.');
  const error = new Error(parts.join('\n'));
  error.stack = error.message; // osls prints the stack
  throw error;
}

module.exports = () => {
  if (!EXEMPT_COMMANDS.includes(process.argv[2])) {
    const missing = REQUIRED.filter((names) => valueOf(names) === undefined);
    const undecided = OPTIONAL.filter((names) => !isSet(names));
    if (missing.length > 0 || undecided.length > 0) refuse(missing, undecided);
  }
  const values = [...REQUIRED, ...OPTIONAL].map((names) => [names[0], valueOf(names)]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
};
