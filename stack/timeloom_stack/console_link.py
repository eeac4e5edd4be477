"""The one-time link that logs a browser into the console."""

import json

from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, Identity, InternalTokens, Scope
from timeloom_stack import probes
from timeloom_stack.credentials import Credentials
from timeloom_stack.directory import DataDirectory
from timeloom_stack.errors import StackError
from timeloom_stack.secrets import read_internal_secret


async def request_link(http_url: str, directory: DataDirectory) -> str:
    """Asks the gateway for a link that opens the default project as its admin, once and within ten minutes.

    Raises:
        StackError: There is no project yet, or the gateway refused.
    """
    credentials = Credentials.read(directory.credentials_file)
    if credentials is None:
        raise StackError(
            f"{directory.credentials_file} names no project", remedies=("start Timeloom: timeloom up",)
        )
    tokens = InternalTokens(read_internal_secret(directory.secrets))
    token = tokens.mint(Identity(project_id=credentials.project_id, scope=Scope.ADMIN))
    try:
        answer = await probes.request(
            f"{http_url}/auth/links", method="POST", headers={INTERNAL_TOKEN_METADATA: token}
        )
        if answer.status // 100 == 2:
            return str(json.loads(answer.body)["url"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StackError(f"the gateway gave no link to the console: {error}") from error
    raise StackError(f"the gateway gave no link to the console: it answered {answer.status}")
