"""GET /review: accept or reject corrections, before a model learns from them. Off unless REVIEW_PASSWORD is set."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates
from limits import parse

from app.client_address import network_of
from app.html import READ
from app.routes.predict import data_url
from app.storage.records import CORRECTION_ID, STATUSES, Correction, Status
from app.storage.storage import Storage

if TYPE_CHECKING:
    from sqlalchemy import Connection

_templates = Jinja2Templates(Path(__file__).resolve().parents[1] / "templates")
# As many as fit on a large screen.
PAGE = 60
# Wrong passwords from one address. After these even the right one is refused for the rest of the minute, or guessing
# would go on.
_GUESSES = parse("10/minute")
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Review of corrections", charset="UTF-8"'}
_DECISIONS: dict[str, Status] = {"accept": "accepted", "reject": "rejected", "wait": "waiting"}

Number = Annotated[int, Query(ge=0, le=1_000_000)]


async def require_reviewer(request: Request) -> None:
    """Let nobody in without the password; the user's name does not matter. Raises HTTPException: 404, 401 or 429.

    In the event loop: in threads, many guesses at the same time would all be compared before the first is counted.
    """
    password = request.app.state.settings.review_password.get_secret_value()
    if not password:
        raise HTTPException(404, "There is no review page. Its operator can set REVIEW_PASSWORD.")
    given = _password(request)
    limiter, client = request.app.state.rate_limiter, ("passwords", network_of(request))
    if given is not None and not limiter.test(_GUESSES, *client):
        raise HTTPException(429, "Too many wrong passwords. Try again in a minute.", {"Retry-After": "60"})
    if given is not None and secrets.compare_digest(given, password.encode()):
        return
    if given is not None:
        limiter.hit(_GUESSES, *client)
    raise HTTPException(401, "This page needs the password that the operator set in REVIEW_PASSWORD.", _CHALLENGE)


def require_same_site(request: Request) -> None:
    """Refuse a form that another site's page sends with the reviewer's password. Raises HTTPException (403)."""
    # Browsers say where the form was: new ones in Sec-Fetch-Site over HTTPS, all in Origin.
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site in ("same-origin", "none") or (
        site is None and (origin is None or urlsplit(origin).netloc == request.headers.get("host"))
    ):
        return
    raise HTTPException(403, "This form can only be sent from the review page itself. Open /review again.")


router = APIRouter(prefix="/review", include_in_schema=False, dependencies=[Depends(require_reviewer)])


@router.api_route("", methods=READ)
async def show(request: Request, status: Status = "waiting", page: Number = 1, missed: Number = 0) -> Response:
    """A page of the corrections of a status, those first that the model finds least probable.

    `missed` is the number of decisions that came too late, as `decide` says.
    """
    storage: Storage = request.app.state.storage
    found, counts, page = await storage.read(_find, status, page)
    values = {
        "static": request.app.state.static.url,
        "corrections": [(one, data_url(one.image)) for one in found],
        "status": status,
        "statuses": STATUSES,
        "counts": counts,
        "page": page,
        "pages": _pages(counts[status]),
        "missed": missed,
    }
    return _templates.TemplateResponse(request, "review.html", values, headers={"Cache-Control": "no-store"})


@router.post("", dependencies=[Depends(require_same_site)])
async def decide(request: Request) -> Response:
    """Store the decisions of the form: fields named by a correction's id, with accept, reject or wait.

    What somebody else has decided since the page was shown stays so.
    """
    form = await request.form(max_fields=2 * PAGE)
    shown: Status = next((one for one in STATUSES if one == form.get("status")), "waiting")
    decisions = [
        (number, _DECISIONS[value])
        for number, value in form.items()
        if CORRECTION_ID.fullmatch(number) and value in _DECISIONS and _DECISIONS[value] != shown
    ]
    stored = await request.app.state.storage.write(_decide, decisions, shown)
    query: dict[str, str] = {"status": shown}
    if (page := str(form.get("page", ""))).isdecimal() and page != "1":
        query["page"] = page[:6]
    if stored < len(decisions):
        query["missed"] = str(len(decisions) - stored)
    return RedirectResponse(f"/review?{urlencode(query)}", 303)


def _password(request: Request) -> bytes | None:
    """What the browser sends (RFC 7617), in UTF-8 as we ask it to; None if it sends no password."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value).partition(b":")[2]
    except ValueError:
        return b""


def _pages(count: int) -> int:
    return max(1, -(-count // PAGE))


def _find(connection: Connection, status: Status, page: int) -> tuple[list[Correction], dict[Status, int], int]:
    """The corrections of a page, the number of those of each status, and which page that is: the last, beyond it."""
    from app.storage import corrections  # not before it is needed, see Storage

    counts = corrections.count(connection)
    page = max(1, min(page, _pages(counts[status])))
    found = corrections.find(connection, status, mismatches_first=True, limit=PAGE, offset=(page - 1) * PAGE)
    return found, counts, page


def _decide(connection: Connection, decisions: list[tuple[str, Status]], shown: Status) -> int:
    """Give the corrections that still have the shown status another one, and return how many there were."""
    from app.storage import corrections

    return sum(
        corrections.review(connection, status, [number for number, decision in decisions if decision == status], shown)
        for status in STATUSES
    )
