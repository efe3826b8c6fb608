"""Login: tokens, verification workflows, challenges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokers.robinhood.testing.answers import Answer, Request
from brokers.robinhood.testing.gate import PENDING, Workflow
from brokers.robinhood.testing.market import derived_id
from brokers.robinhood.testing.routes.route import NOT_FOUND, Route

if TYPE_CHECKING:
    from brokers.robinhood.testing.venue import Venue


def token(venue: Venue, request: Request) -> Answer:
    """A grant."""
    return venue.gate.grant(request.fields)


def revoke(venue: Venue, request: Request) -> Answer:
    """The end of a token."""
    venue.gate.revoke(str(request.fields.get("token", "")))
    return Answer.json(200, {})


def machine(venue: Venue, request: Request) -> Answer:
    """A workflow begins, for the device it names."""
    given = request.fields.get("input")
    workflow_id = str(given.get("workflow_id", "")) if isinstance(given, dict) else ""
    if not workflow_id:
        return Answer.json(400, {"input": ["This field is required."]})
    machine_id = derived_id("machine", workflow_id)
    venue.gate.workflows[machine_id] = Workflow(machine_id, str(request.fields.get("device_id")), derived_id("challenge", workflow_id))
    return Answer.json(200, {"id": machine_id})


def view(venue: Venue, _: Request, machine_id: str) -> Answer:
    """Where a workflow stands."""
    found = venue.gate.workflows.get(machine_id)
    if found is None:
        return NOT_FOUND
    status = "validated" if found.approved else "issued"
    challenge = {"id": found.challenge, "type": venue.gate.settings.verification or "prompt", "status": status}
    return Answer.json(200, {"context": {"sheriff_challenge": challenge}})


def confirm(venue: Venue, _: Request, machine_id: str) -> Answer:
    """The client asks to go on."""
    found = venue.gate.workflows.get(machine_id)
    if found is None:
        return NOT_FOUND
    if not found.approved:
        return Answer.json(200, {"verification_workflow": {"workflow_status": PENDING}})
    venue.gate.finish(found)
    return Answer.json(200, {"type_context": {"result": "workflow_status_approved"}})


def prompt(venue: Venue, _: Request, challenge: str) -> Answer:
    """Whether a person has tapped yes."""
    found = _by_challenge(venue, challenge)
    return NOT_FOUND if found is None else Answer.json(200, {"challenge_status": "validated" if found.approved else "issued"})


def respond(venue: Venue, request: Request, challenge: str) -> Answer:
    """A code comes back."""
    found = _by_challenge(venue, challenge)
    if found is None:
        return NOT_FOUND
    if venue.gate.is_valid_code(str(request.fields.get("response", ""))):
        found.approved = True
        return Answer.json(200, {"id": challenge, "status": "validated"})
    return Answer.json(400, {"detail": "Challenge response is invalid.", "challenge": {"id": challenge, "status": "issued"}})


def _by_challenge(venue: Venue, challenge: str) -> Workflow | None:
    return next((one for one in venue.gate.workflows.values() if one.challenge == challenge), None)


ROUTES = (
    Route("POST", "/oauth2/token/", token, open=True),
    Route("POST", "/oauth2/revoke_token/", revoke, open=True),
    Route("POST", "/pathfinder/user_machine/", machine, open=True),
    Route("GET", "/pathfinder/inquiries/(.+)/user_view/", view, open=True),
    Route("POST", "/pathfinder/inquiries/(.+)/user_view/", confirm, open=True),
    Route("GET", "/push/(.+)/get_prompts_status/", prompt, open=True),
    Route("POST", "/challenge/(.+)/respond/", respond, open=True),
)
