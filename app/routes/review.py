"""GET /review: accept or reject corrections, before a model learns from them. Off unless REVIEW_PASSWORD is set."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from fastapi.templating import Jinja2Templates
from limits import parse

from app.routes.predict import data_url
from app.storage.records import STATUSES, Correction, Status
from app.storage.storage import Storage

if TYPE_CHECKING:
    from sqlalchemy import Connection

_templates = Jinja2Templates(Path(__file__).resolve().parents[1] / "templates")
# As many as fit on a large screen; sending them brings the next ones.
PAGE = 60
# Wrong passwords from one address; whoever guesses must be slow.
_GUESSES = parse("10/minute")
_basic = HTTPBasic(realm="Review of corrections", auto_error=False)
_DECISIONS: dict[str, Status] = {"accept": "accepted", "reject": "rejected", "wait": "waiting"}


def require_reviewer(request: Request, given: Annotated[HTTPBasicCredentials | None, Depends(_basic)]) -> None:
    """Let nobody in without the password; the user's name does not matter. Raises HTTPException: 404, 401 or 429."""
    password = request.app.state.settings.review_password.get_secret_value()
    if not password:
        raise HTTPException(404, "There is no review page. Its operator can set REVIEW_PASSWORD.")
    if given and secrets.compare_digest(given.password.encode(), password.encode()):
        return
    limiter, address = request.app.state.rate_limiter, request.client.host if request.client else ""
    if given and not limiter.hit(_GUESSES, "passwords", address):
        raise HTTPException(429, "Too many wrong passwords. Try again in a minute.", {"Retry-After": "60"})
    detail = "This page needs the password that the operator set in REVIEW_PASSWORD."
    raise HTTPException(401, detail, {"WWW-Authenticate": _basic.make_authenticate_headers()["WWW-Authenticate"]})


def require_same_site(request: Request) -> None:
    """Refuse a form that another site's page sends with the reviewer's password. Raises HTTPException (403)."""
    # Browsers say where the form was. Their Origin is "null", by our referrer policy. Old ones have only the Origin.
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site in ("same-origin", "none") or (
        site is None and (origin is None or urlsplit(origin).netloc == request.headers.get("host"))
    ):
        return
    raise HTTPException(403, "This form can only be sent from the review page itself. Open /review again.")


router = APIRouter(prefix="/review", include_in_schema=False, dependencies=[Depends(require_reviewer)])


@router.get("")
async def show(request: Request, status: Status = "waiting") -> Response:
    """The page with the first corrections of a status, those first that the model finds least probable."""
    storage: Storage = request.app.state.storage
    found, counts = await storage.read(_find, status)
    values = {
        "static": request.app.state.static.url,
        "corrections": [(one, data_url(one.image)) for one in found],
        "status": status,
        "statuses": STATUSES,
        "counts": counts,
    }
    return _templates.TemplateResponse(request, "review.html", values, headers={"Cache-Control": "no-store"})


@router.post("", dependencies=[Depends(require_same_site)])
async def decide(request: Request) -> Response:
    """Store the decisions of the form: fields named by a correction's id, with accept, reject or wait."""
    form = await request.form(max_fields=2 * PAGE)
    decisions = [(number, _DECISIONS[value]) for number, value in form.items() if value in _DECISIONS]
    await request.app.state.storage.write(_decide, decisions)
    status = form.get("status")
    return RedirectResponse(f"/review?status={status if status in STATUSES else 'waiting'}", 303)


def _find(connection: Connection, status: Status) -> tuple[list[Correction], dict[Status, int]]:
    from app.storage import corrections  # not before it is needed, see Storage

    found = corrections.find(connection, status, mismatches_first=True, limit=PAGE)
    return found, corrections.count(connection)


def _decide(connection: Connection, decisions: list[tuple[str, Status]]) -> None:
    from app.storage import corrections

    for status in STATUSES:
        corrections.review(connection, status, [number for number, decision in decisions if decision == status])
