"""What models and providers are called, without what does not change their price."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

ANY_PROVIDER: Final = "*"

_PROVIDERS: Final[Mapping[str, str]] = {
    "": ANY_PROVIDER,
    "amazon-bedrock": ANY_PROVIDER,
    "anthropic": "anthropic",
    "aws.bedrock": ANY_PROVIDER,
    "aws_bedrock": ANY_PROVIDER,
    "az.ai.openai": "openai",
    "azure": "openai",
    "azure.ai.openai": "openai",
    "azure_openai": "openai",
    "bedrock": ANY_PROVIDER,
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": ANY_PROVIDER,
    "gemini": "google",
    "google": "google",
    "google-genai": "google",
    "google-gla": "google",
    "google-vertex": ANY_PROVIDER,
    "google_genai": "google",
    "google_vertexai": ANY_PROVIDER,
    "litellm": ANY_PROVIDER,
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "openrouter": ANY_PROVIDER,
    "vertex_ai": ANY_PROVIDER,
    "vertexai": ANY_PROVIDER,
    "x_ai": "xai",
}
"""Whose list prices a provider takes, by the names that telemetry has; those of the model's maker if any."""

_REGION: Final = re.compile(r"^(?:us|us-gov|eu|apac|jp|au|global)\.(?=[a-z0-9]+\.)")
_MAKER: Final = re.compile(r"^(?:anthropic|cohere|mistral)\.")
_REVISION: Final = re.compile(r"-v\d+(?::\d+)?$")
_DATE: Final = re.compile(r"[-@](?:\d{4}-\d{2}-\d{2}|20\d{6}|latest)$")


def provider_of(name: str) -> str:
    """Returns whose prices hold at a provider."""
    name = name.lower()
    if name in _PROVIDERS:
        return _PROVIDERS[name]
    maker = name.split(".", 1)[0]  # as `openai.chat`
    return _PROVIDERS.get(maker, maker)


def names_of(model: str) -> list[str]:
    """Returns what a model may be called in a list of prices, the most particular name first."""
    sent = model.lower()
    plain = _REVISION.sub("", _MAKER.sub("", _REGION.sub("", sent.rsplit("/", 1)[-1])))
    return list(dict.fromkeys((sent, plain, _DATE.sub("", plain))))
