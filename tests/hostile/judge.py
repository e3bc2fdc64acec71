"""The verdict on one case: what the server did against what a safe server may do."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.kit.response_reader import Response

Case = Mapping[str, Any]

PROBE_URL = "/in-step"


@dataclass(slots=True)
class Outcome:
    """What one delivery of a case produced."""

    answers: list[Response]
    rest: bytes = b""
    end: str = "open"
    """How it ended before the probe: "closed", "open" (everything expected has come) or "waits"."""
    probed: bool = False
    malformed: str = ""
    others: str = ""
    """What an innocent client on another connection noticed, if anything."""


def judge(case: Case, outcome: Outcome) -> list[str]:
    """Return what was wrong; empty when the case has passed."""
    if outcome.malformed:
        return [f"unreadable answer: {outcome.malformed}"]
    if outcome.others:
        return [outcome.others]
    if case.get("abort"):
        return []
    final = [answer for answer in outcome.answers if not answer.informational]
    if case.get("needs") == "reflect":
        return _judge_reflection(case, outcome, final)
    served, in_step = _split_probe(outcome, final)
    return (
        _judge_served(case, outcome, served)
        + _judge_verdict(case, outcome, served, in_step)
        + _judge_end(case, outcome, served)
        + _judge_status(case, served)
        + _judge_first(case, served)
    )


def summary(outcome: Outcome) -> str:
    """Describe an outcome in one line."""
    texts = []
    for answer in outcome.answers:
        seen = _seen(answer)
        texts.append(
            f"{answer.status} {seen['method']} {seen['url']} +{seen['body_len']}"
            if seen
            else str(answer.status)
        )
    if len(texts) > 8:
        texts[4:-2] = [f"... {len(texts) - 6} more"]
    return (
        ", ".join(texts)
        + (" | " if texts else "")
        + outcome.end
        + (f" | rest {outcome.rest[:60]!r}" if outcome.rest else "")
    )


def _seen(answer: Response) -> dict[str, Any] | None:
    if answer.status != 200 or not answer.body.startswith(b"{"):
        return None
    try:
        report: dict[str, Any] = json.loads(answer.body)
    except ValueError:  # something stands behind it
        return None
    return report


def _split_probe(outcome: Outcome, final: list[Response]) -> tuple[list[Response], bool]:
    if outcome.probed and final:
        seen = _seen(final[-1])
        if seen is not None and seen["url"] == PROBE_URL:
            return final[:-1], True
    return final, False


def _judge_served(case: Case, outcome: Outcome, served: list[Response]) -> list[str]:
    """No request may reach the handler that is not one of the allowed sequence; nothing follows an error."""
    sequences: list[Sequence[Case]] = [case["requests"], *case.get("alt", [])]
    reports = []
    for position, answer in enumerate(served):
        if answer.status >= 300 or answer.status == 101:
            if position != len(served) - 1 and case.get("after") != "any":
                return [f"answers after the {answer.status}"]
            continue
        seen = _seen(answer)
        if seen is not None:
            reports.append(seen)
        elif not _is_head(sequences, position):
            return [f"a {answer.status} that is not the handler's"]
    if not any(_is_prefix(reports, sequence) for sequence in sequences):
        got = [f"{seen['method']} {seen['url']} +{seen['body_len']}" for seen in reports]
        return [f"the handler was given {got}"]
    return []


def _is_head(sequences: list[Sequence[Case]], position: int) -> bool:
    return any(len(one) > position and one[position]["method"] == "HEAD" for one in sequences)


def _is_prefix(reports: list[dict[str, Any]], sequence: Sequence[Case]) -> bool:
    wanted = [request for request in sequence if request["method"] != "HEAD"]
    return len(reports) <= len(wanted) and all(
        _is_same(seen, request) for seen, request in zip(reports, wanted, strict=False)
    )


def _is_same(seen: dict[str, Any], request: Case) -> bool:
    urls = request["url"] if isinstance(request["url"], list) else [request["url"]]
    if "body" in request:
        body = request["body"].encode("latin-1")
        length, digest = len(body), hashlib.sha1(body).hexdigest()
    else:
        length, digest = request["body_len"], request["body_sha1"]
    return (
        seen["method"] == request["method"]
        and seen["url"] in urls
        and seen["body_len"] == length
        and seen["body_sha1"] == digest
    )


def _judge_verdict(case: Case, outcome: Outcome, served: list[Response], in_step: bool) -> list[str]:
    refused = any(answer.status >= 300 for answer in served)
    good = sum(1 for answer in served if answer.status < 300)
    problems = []
    if good < case.get("need", 0):
        problems.append(f"{good} good answers, {case['need']} must not be lost")
    if case["expect"] == "accept":
        if good < len(case["requests"]):
            problems.append(f"{good} of {len(case['requests'])} requests served")
        elif outcome.probed and not in_step and case.get("after") != "close":
            problems.append("out of step: the request after it got no answer of its own")
    elif case["expect"] == "reject":
        # A request line the server still waits for is no refusal; the probe would become part of it.
        if not refused and outcome.end != "closed":
            problems.append("neither refused nor closed")
    return problems


def _judge_end(case: Case, outcome: Outcome, served: list[Response]) -> list[str]:
    refused = any(answer.status >= 300 for answer in served)
    after = case.get("after", "close" if refused and case["expect"] != "accept" else "any")
    if after == "close" and outcome.end != "closed" and not case.get("other_protocol"):
        return ["the connection was left open"]
    if after == "open" and outcome.end == "closed":
        return ["the connection was closed"]
    return []


def _judge_status(case: Case, served: list[Response]) -> list[str]:
    wanted = case.get("status")
    errors = [answer.status for answer in served if answer.status >= 300]
    if wanted is None or errors == [wanted]:
        return []
    return [f"answered {errors}, not {wanted}"]


def _judge_first(case: Case, served: list[Response]) -> list[str]:
    """Header fields of the first request that must, or must not, be what the handler saw."""
    seen = _seen(served[0]) if served else None
    if seen is None:
        return []
    raw = seen["headers"]
    fields: dict[str, list[str]] = {}
    for name, value in zip(raw[::2], raw[1::2], strict=True):
        fields.setdefault(name.lower(), []).append(value)
    problems = [f"{name} reached the handler" for name in case.get("absent", []) if name in fields]
    for name, pattern in case.get("headers", {}).items():
        value = ", ".join(fields.get(name, ["(none)"]))
        if not re.fullmatch(pattern, value):
            problems.append(f"{name} was {value!r}")
    return problems


def _judge_reflection(case: Case, outcome: Outcome, final: list[Response]) -> list[str]:
    """One final answer, nothing injected; and for harmless text, the text where it belongs."""
    if len(final) > 1:
        return ["the response was split"]
    for answer in outcome.answers:
        if any(name.lower() == "x-injected" for name, _ in answer.fields + answer.trailers):
            return ["a header line was injected"]
    if case["expect"] == "reject":
        if final and final[0].status < 400 and not outcome.rest:
            return [f"answered {final[0].status} instead of an error"]
        return []
    if not final or final[0].status >= 400:
        return ["harmless text was refused"]
    found = _reflected(case["check"], outcome.answers)
    return [] if case["reflects"] in found else [f"{case['check']}: {found!r}"]


def _reflected(where: str, answers: list[Response]) -> list[str]:
    final = [answer for answer in answers if not answer.informational][0]
    early = [answer for answer in answers if answer.informational]
    if where == "reason":
        return [final.reason]
    if where == "header":
        return final.all("x-reflect")
    if where == "body":
        return [final.body.decode()]
    if where == "trailer":
        return [value for name, value in final.trailers if name.lower() == "x-reflect"]
    if where == "link":
        return [value for answer in early for value in answer.all("link")]
    return [value for answer in early for value in answer.all("x-reflect")]
