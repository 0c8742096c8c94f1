"""One https request: TLS always verified, redirects only to https, every failure in one line."""

import http.client
import ssl
import urllib.request
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from folkways.attribute.fetching.address import address_fault
from folkways.attribute.fetching.fetched import BY_HAND, FetchError, one_line
from folkways.attribute.fields import CatalogueError

_LATER = {408, 425, 429}
_MOVED = {404, 410}


class Link:
    """How this run asks servers.

    Args:
        timeout: seconds without a byte after which a server is given up.
        cafile: certificates to trust in place of the machine's own.

    Raises:
        CatalogueError: ``cafile`` holds no certificate.
    """

    def __init__(self, timeout: float, cafile: Path | None) -> None:
        try:
            context = ssl.create_default_context(cafile=cafile)
        except OSError as error:
            raise CatalogueError(
                f"{cafile} gives no certificates ({error.strerror or error}); "
                "give a file of certificates in PEM."
            ) from None
        self.timeout = timeout
        self._redirects = _OnlyHttps()
        # Built by hand, so that no handler for http, ftp or local files is in it.
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.UnknownHandler(),
            self._redirects,
        ):
            self._opener.add_handler(handler)

    def get(self, url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """The answer, of which the head has been read; OSError or HTTPException if there is none.

        Raises:
            FetchError: the server sends on to an address that is refused.
        """
        self._redirects.at = url
        own = {"User-Agent": f"folkways/{version('folkways')}", "Accept-Encoding": "identity"}
        request = urllib.request.Request(url, headers={**own, **headers})  # noqa: S310  # https only, see above
        return self._opener.open(request, timeout=self.timeout)

    def failure(self, error: OSError | http.client.HTTPException, here: int) -> FetchError:
        """What went wrong on the way, in one line; ``here`` bytes were kept."""
        url = self._redirects.at
        host = urlsplit(url).netloc
        go_on = f"run it again to go on from {here} bytes; {BY_HAND}" if here else BY_HAND
        if isinstance(error, HTTPError):
            error.close()
            why = one_line(error.reason)
            return FetchError(f"{url} answers {error.code} ({why}); {_advice(error.code)}.")
        cause = error.reason if isinstance(error, URLError) else error
        if isinstance(cause, ssl.SSLCertVerificationError):
            return FetchError(
                f"{host} does not prove that it is {host} ({cause.verify_message}); check this "
                f"machine's clock and certificates; {BY_HAND}."
            )
        if isinstance(cause, TimeoutError):
            return FetchError(f"{host} has fallen silent; {go_on}.")
        if isinstance(error, URLError):
            why = one_line(getattr(cause, "strerror", None) or cause)
            return FetchError(f"no connection to {host} ({why}); {go_on}.")
        why = one_line(cause) or type(cause).__name__
        return FetchError(f"the connection to {host} broke ({why}); {go_on}.")


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    at = ""

    def redirect_request(  # noqa: PLR0917  # as the standard library has it
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        fault = address_fault(newurl)
        if fault:
            fp.close()
            raise FetchError(
                f"{req.full_url} sends on to {one_line(newurl)}, but an address {fault}; {BY_HAND}."
            )
        self.at = newurl
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _advice(code: int) -> str:
    if code in _MOVED:
        return "the list has moved or is gone: give its new address in the settings file"
    if code in _LATER or code >= 500:
        return f"try again later; {BY_HAND}"
    return BY_HAND
