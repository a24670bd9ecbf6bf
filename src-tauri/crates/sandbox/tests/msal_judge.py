"""Drives Microsoft's own library against the sandbox and prints what it reports, as one JSON object.

Input: one JSON object on stdin with authority, tenant_id, client_id, client_secret, ca_file, tenant_domain.
Each case uses a fresh application object: MSAL answers a repeated HTTP 400 from its own memory for a minute.
"""

import json
import os
import sys

# These would silently win over `verify`.
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(name, None)

from urllib.parse import parse_qs, parse_qsl, urlsplit  # noqa: E402

import msal  # noqa: E402
import requests  # noqa: E402


def ask(given, *, tenant=None, client=None, secret=None, scope=None):
    try:
        application = msal.ConfidentialClientApplication(
            client or given["client_id"],
            client_credential=secret or given["client_secret"],
            authority=f"{given['authority']}/{tenant or given['tenant_id']}",
            instance_discovery=False,
            verify=given["ca_file"],
        )
        answer = application.acquire_token_for_client([scope or f"api://{given['client_id']}/.default"])
        if "access_token" in answer:
            again = application.acquire_token_for_client([scope or f"api://{given['client_id']}/.default"])
            answer["second_from"] = again.get("token_source")
        return answer
    except ValueError as error:
        return {"value_error": str(error)}


def discover_instance(given):
    """Where MSAL would ask for a token after the sandbox's instance discovery.

    No token is asked for: after a refusal MSAL would look for aliases at Microsoft's own address.
    """
    application = msal.ConfidentialClientApplication(
        given["client_id"],
        client_credential=given["client_secret"],
        authority=f"{given['authority']}/{given['tenant_id']}",
        # A URL makes MSAL ask the sandbox's own discovery endpoint instead of Microsoft's.
        instance_discovery=f"{given['authority']}/common/discovery/instance",
        verify=given["ca_file"],
    )
    return application.authority.token_endpoint


def ask_token_endpoint_of(given, tenant):
    """MSAL stops at the discovery of an unknown tenant; this sends its token request there all the same."""
    application = msal.ConfidentialClientApplication(
        given["client_id"],
        client_credential=given["client_secret"],
        authority=f"{given['authority']}/{given['tenant_id']}",
        instance_discovery=False,
        verify=given["ca_file"],
    )
    application.client.configuration["token_endpoint"] = f"{given['authority']}/{tenant}/oauth2/v2.0/token"
    return application.acquire_token_for_client([f"api://{given['client_id']}/.default"])


COMMAND_LINE = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
GRAPH = ["Directory.Read.All"]


class Browser:
    """A person who chooses themselves on the sign-in page and accepts what they are asked."""

    def __init__(self, given, person):
        self.given, self.person = given, person

    def page(self, name):
        return f"{self.given['authority']}/{self.given['tenant_id']}/{name}"

    def post(self, name, **fields):
        return requests.post(
            self.page(name), data=fields, verify=self.given["ca_file"], allow_redirects=False, timeout=30
        )

    def sign_in(self, answer):
        flow = parse_qs(urlsplit(answer.headers["location"]).query)["flow"][0]
        answer = self.post("login", flow=flow, choose=self.person)
        if 'id="accept"' in answer.text:
            answer = self.post("consent", flow=flow, answer="accept")
        return answer

    def open(self, url):
        answer = requests.get(url, verify=self.given["ca_file"], allow_redirects=False, timeout=30)
        return dict(parse_qsl(urlsplit(self.sign_in(answer).headers["location"]).query))

    def enter(self, user_code):
        self.sign_in(self.post("device", code=user_code))


def public_client(given):
    return msal.PublicClientApplication(
        COMMAND_LINE,
        authority=f"{given['authority']}/{given['tenant_id']}",
        instance_discovery=False,
        verify=given["ca_file"],
    )


def person_in_browser(given):
    application = public_client(given)
    flow = application.initiate_auth_code_flow(GRAPH, redirect_uri="http://localhost:51234")
    answer = application.acquire_token_by_auth_code_flow(flow, Browser(given, "reader").open(flow["auth_uri"]))
    accounts = application.get_accounts()
    answer["account"] = accounts[0]["username"] if accounts else None
    if accounts:
        again = application.acquire_token_silent_with_error(GRAPH, accounts[0], force_refresh=True)
        answer["refreshed_from"] = again.get("token_source")
    return answer


def person_on_device(given):
    application = public_client(given)
    flow = application.initiate_device_flow(GRAPH)
    Browser(given, "reader").enter(flow["user_code"])
    return application.acquire_token_by_device_flow(flow)


def main():
    given = json.load(sys.stdin)
    client_id = given["client_id"]
    unknown_tenant = "7f0a1b7c-21a4-4f3b-9a57-6c0d2f3e4b5a"
    print(
        json.dumps(
            {
                "msal": msal.__version__,
                "token": ask(given),
                "discovered_token_endpoint": discover_instance(given),
                "wrong_secret": ask(given, secret="abc8Q~" + "x" * 34),
                "secret_id": ask(given, secret="0f3f2a7e-6f5f-4a63-9b4c-0d4f6f6a2b11"),
                "wrong_client": ask(given, client="5d1f2c8e-6b1e-4f43-8f5a-2f6d9d0e7a10"),
                "unknown_tenant": ask_token_endpoint_of(given, unknown_tenant),
                "discovery_of_unknown_tenant": ask(given, tenant=unknown_tenant),
                "bad_scope": ask(given, scope=f"api://{client_id}/user_impersonation"),
                "unknown_resource": ask(given, scope="api://5d1f2c8e-6b1e-4f43-8f5a-2f6d9d0e7a10/.default"),
                "by_domain": ask(given, tenant=given["tenant_domain"]),
                "person_in_browser": person_in_browser(given),
                "person_on_device": person_on_device(given),
            }
        )
    )


main()
