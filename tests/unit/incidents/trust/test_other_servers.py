"""What answers at spec.apiURL is not PagerDuty's REST API: it is told, and over as soon as PagerDuty answers."""

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from noctuary.common.errors import PagerDutyError, PagerDutyUnavailable
from noctuary.incidents.trust.refusals import Refusals
from noctuary.pagerduty.answers import NOT_THE_API
from noctuary.pagerduty.client import PagerDutyClients
from testbed.pagerduty.server import LoopbackServer
from testbed.scene import Scene

PAGE = "<!doctype html><title>Welcome</title>"
OTHERS: dict[str, Response] = {
    "not found": HTMLResponse(PAGE, 404),
    "gone": JSONResponse({}, 410),
    "redirect": RedirectResponse("https://www.example.com/login", 302),
    "page": HTMLResponse(PAGE),
    "other JSON": JSONResponse({"status": "ok"}),
    "a list": JSONResponse([]),
}


async def served(scene: Scene, answer: Response) -> str:
    methods = ["GET", "POST", "PUT", "DELETE"]
    routes = [Route("/{path:path}", lambda _: answer, methods=methods)]
    server = LoopbackServer(Starlette(routes=routes), 0)
    await server.start()
    scene.stack.push_async_callback(server.stop)
    return server.url


async def is_refused(scene: Scene, of: str | None) -> bool:
    state = await scene.store.integration_state("one")
    refusal = Refusals().current(state) if state is not None else None
    return (refusal.of if refusal is not None else None) == of


@pytest.mark.parametrize("answer", OTHERS.values(), ids=OTHERS.keys())
async def test_another_server_is_told_until_the_url_is_mended(scene: Scene, answer: Response) -> None:
    await scene.subscribe()
    scene.route(api_url=await served(scene, answer))
    scene.start()

    await scene.until(lambda: is_refused(scene, "url"))
    assert "spec.apiURL" in ((await scene.state()).last_failure_reason or "")
    scene.route(api_url=scene.pd.url)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    await scene.until(lambda: is_refused(scene, None))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(b'{"incidents": [{"id": "Q1', media_type="application/json"), PagerDutyUnavailable),
        (Response(b""), PagerDutyUnavailable),
        (JSONResponse({"error": {"message": "No", "code": 2010}}, 403), PagerDutyError),
        (JSONResponse({}, 500), PagerDutyUnavailable),
    ],
    ids=["cut off", "empty", "refused", "broken"],
)
async def test_an_answer_that_may_be_pagerdutys_blames_no_url(
    scene: Scene, answer: Response, error: type[PagerDutyError]
) -> None:
    record = scene.route(api_url=await served(scene, answer))
    client = PagerDutyClients(scene.http, lambda *_: None, lambda *_: None).of(record)
    with pytest.raises(error) as told:
        [each async for each in client.incidents(0.0, 1.0, {})]
    assert (told.value.status, told.value.code) != NOT_THE_API
