"""The first calls to try, as `make dev` and `make seed` print them."""

from local.demo.pool import POOL_ID

_EXAMPLES = """\
See at which step students drop out, who is stuck, and since when:

curl -s {url}/api/workshop-analytics | python3 -m json.tool --no-ensure-ascii

List all students with their names:

curl -s -X POST {url}/api/admin-list-configs-v2 -H 'Content-Type: application/json' \\
  -d '{{}}' | python3 -m json.tool --no-ensure-ascii

Start an adaptive test:

curl -s -X POST {url}/api/test/start -H 'Content-Type: application/json' \\
  -d '{{"student_id": "me", "question_pool_id": "{pool}"}}'

docs/try-it.md continues from here.
"""


def examples(url: str) -> str:
    """Return example calls to the server at `url`, ready to be pasted into a shell."""
    return _EXAMPLES.format(url=url, pool=POOL_ID)
