"""GET, PUT /api/learning/profile: the caller's profile as a student."""

from lib.errors import raises
from lib.learning.current_user import UserCall
from lib.learning.errors import NotStudent
from lib.learning.students import profile
from lib.learning.students.wire import ProfileChangeIn, StudentProfileOut
from lib.web.app import create_app, lambda_entry

app = create_app("learning.profile", tag="Learning")


@app.get("/api/learning/profile")
@raises(NotStudent)
def read_profile(call: UserCall) -> StudentProfileOut:
    """Return the caller's profile: exam, hours a day, class."""
    return profile.read_profile(call)


@app.put("/api/learning/profile")
@raises(NotStudent)
def change_profile(body: ProfileChangeIn, call: UserCall) -> StudentProfileOut:
    """Change the caller's profile; a field that is left out keeps its value."""
    return profile.change_profile(call, body)


lambda_handler = lambda_entry(app)
