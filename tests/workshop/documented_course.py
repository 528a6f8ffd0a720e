"""The built-in course as the requirements document it, for all tests of the workshop."""

from pydantic.alias_generators import to_camel

STEP_NAMES = [
    "Connect Accounts",
    "Choose Use Case",
    "Provision Services",
    "Basic TwiML",
    "WebSocket Handler",
    "ConversationRelay",
    "Prompt Engineering",
    "Tools & Functions",
    "Deploy System",
]
FLAGS = [
    "twilio_connected", "openai_connected", "call_direction_chosen", "services_ready",
    "step4_code_validated", "step4_committed", "step4_deployed",
    "step5_code_validated", "step5_committed", "step5_deployed",
    "step6_code_validated", "step6_committed", "step6_deployed",
    "system_prompt_saved", "step7_committed", "step7_deployed", "tools_configured",
    "step8_code_validated", "step8_committed", "step8_deployed", "project_deployed",
]  # fmt: skip
CAMEL_FLAGS = [to_camel(flag) for flag in FLAGS]
COMPLETED_BY = {
    1: {"twilio_connected", "openai_connected"},
    2: {"call_direction_chosen"},
    3: {"services_ready"},
    4: {"step4_deployed"},
    5: {"step5_deployed"},
    6: {"step6_deployed"},
    7: {"system_prompt_saved"},
    8: {"step8_deployed"},
    9: {"project_deployed"},
}
"""The flags that complete a step when all of them are true."""
