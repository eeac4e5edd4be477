"""`credentials.json`: where the stack is and the key that opens it, for the SDK and the command line."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import msgspec

from timeloom_stack import probes
from timeloom_stack.files import PRIVATE, write_atomically


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The file's content."""

    project_id: str
    api_key: str = field(repr=False)
    http_url: str
    grpc_address: str
    otlp_endpoint: str = ""

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Reads the file; None if there is none, or if it has no key."""
        try:
            values = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
            return cls(
                project_id=values["projectId"],
                api_key=values["apiKey"],
                http_url=values.get("httpUrl", ""),
                grpc_address=values.get("grpcAddress", ""),
                otlp_endpoint=values.get("otlpEndpoint", ""),
            )
        except (FileNotFoundError, KeyError, msgspec.MsgspecError):
            return None

    def write(self, file: Path) -> None:
        """Replaces the file; only its owner may read it."""
        document = {
            "projectId": self.project_id,
            "apiKey": self.api_key,
            "httpUrl": self.http_url,
            "grpcAddress": self.grpc_address,
            "otlpEndpoint": self.otlp_endpoint,
        }
        write_atomically(file, json.dumps(document, indent=2) + "\n", mode=PRIVATE)

    async def are_accepted(self) -> bool:
        """Asks the gateway whether the key opens a project; an OSError if it cannot say."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = await probes.request(f"{self.http_url}/api/caller", headers=headers)
        if answer.status not in {200, 401}:
            raise OSError(f"the gateway answered {answer.status} when asked about the API key")
        return answer.status == 200
