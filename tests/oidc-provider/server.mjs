// The certified OpenID provider `oidc-provider` (https://github.com/panva/node-oidc-provider) in the place of Entra, for
// tests/journeys/oidc_provider.rs: the protocol is all its own. Here is what it is told about the tenant, its people and
// its application, and the few things a test asks for that a server does not do by itself (`CONTROLS`).
//
// Writes one line of JSON when it listens, and ends when its standard input does: it never outlives the test.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import http from "node:http";
import { text } from "node:stream/consumers";

// It warns that it keeps everything in memory, and on Node 20: both are meant here, and would fill the test's output.
console.warn = () => {};
const { interactionPolicy, Provider } = await import("oidc-provider");

const TENANT = "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f";
const CLIENT = "0a1b2c3d-1111-4222-8333-444455556666";

/** The path under which Entra has everything of a tenant that is described at `<mount>/.well-known/...`. */
const MOUNT = `/${TENANT}/v2.0`;

/** By account ID. Ben is a person of another tenant. */
const PEOPLE = {
  "aaaaaaaa-1111-4222-8333-444455556666": { tid: TENANT, preferred_username: "anna@msp.example", name: "Anna Admin" },
  "cccccccc-1111-4222-8333-444455556666": {
    tid: TENANT,
    preferred_username: "carla@msp.example",
    name: "Carla Reader",
  },
  "bbbbbbbb-1111-4222-8333-444455556666": {
    tid: "11111111-5a41-4a7f-9a53-0d8a1c2b3e4f",
    preferred_username: "ben@other.example",
    name: "Ben Elsewhere",
  },
};

const CONFIGURATION = {
  clients: [
    {
      client_id: CLIENT,
      client_name: "Our own application",
      application_type: "native",
      token_endpoint_auth_method: "none",
      redirect_uris: ["http://localhost"],
      response_types: ["code"],
      grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    },
  ],
  findAccount: (_, id) => PEOPLE[id] && { accountId: id, claims: () => ({ sub: id, oid: id, ...PEOPLE[id] }) },
  claims: { openid: ["sub", "tid", "oid"], profile: ["name", "preferred_username"] },
  // Entra puts the profile into the ID token; the standard lets a server leave it to the userinfo endpoint.
  conformIdTokenClaims: false,
  scopes: ["openid", "offline_access", "User.Read", "MailboxSettings.Read", "Directory.Read.All"],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  features: { devInteractions: { enabled: false }, deviceFlow: { enabled: true } },
  interactions: { policy: policy(), url: (_, { uid }) => `/interaction/${uid}` },
  // So that Graph's `/me` asks this server itself whether an access token is good.
  routes: { userinfo: "/v1.0/me" },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  ttl: { AccessToken: 3600, IdToken: 3600, RefreshToken: 86_400, Grant: 86_400, Session: 86_400, Interaction: 3600 },
};

/** The usual questions, and Entra's "pick an account". */
function policy() {
  const questions = interactionPolicy.base();
  questions.add(new interactionPolicy.Prompt({ name: "select_account", requestable: true }), 0);
  return questions;
}

/** What has happened, one line each, for the test to read. */
const events = [];
/** What was issued, for the test to take back. */
const issued = { codes: [], accessTokens: [], grants: [] };

let provider;

/** Begins, or goes on, with new keys under the old names. What was issued stays known: it lies in the process's memory. */
function start(issuer) {
  const key = (kid, kind, options, alg) => ({
    ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }),
    kid,
    alg,
    use: "sig",
  });
  const keys = [
    key("curve", "ec", { namedCurve: "P-256" }, "ES256"),
    key("edwards", "ed25519", {}, "Ed25519"),
    key("signing", "rsa", { modulusLength: 2048 }, "RS256"),
    key("spare", "rsa", { modulusLength: 2048 }, "RS256"),
  ];
  provider = new Provider(issuer, { ...CONFIGURATION, jwks: { keys } });
  provider.on("authorization_code.saved", (code) => issued.codes.push(code));
  provider.on("access_token.saved", (token) => issued.accessTokens.push(token));
  provider.on("grant.saved", (grant) => issued.grants.push(grant));
  provider.on("refresh_token.consumed", () => events.push("refresh token used up"));
  provider.on("grant.success", ({ oidc }) => events.push(`${oidc.params.grant_type}: granted`));
  provider.on("grant.error", ({ oidc }, error) => {
    events.push(`${oidc.params?.grant_type}: ${error.error}: ${error.error_detail ?? error.error_description}`);
  });
  provider.on("server_error", (_, error) => console.error(error));
}

const CONTROLS = {
  "new-keys": () => start(provider.issuer),
  "use-codes": () => Promise.all(issued.codes.splice(0).map((code) => code.consume())),
  "forget-access-tokens": () => Promise.all(issued.accessTokens.splice(0).map((token) => token.destroy())),
  "forget-grants": () => Promise.all(issued.grants.splice(0).map((grant) => grant.destroy())),
};

/** What is asked of the person, as JSON; and what the person answers, as a form of `account` or `consent=accept|refuse`. */
async function interact(request, response) {
  const { prompt, params, grantId, session } = await provider.interactionDetails(request, response);
  if (request.method === "GET") {
    return json(response, { prompt: prompt.name, details: prompt.details, params });
  }
  const answer = new URLSearchParams(await text(request));
  await provider.interactionFinished(request, response, await result());

  async function result() {
    if (answer.has("account")) {
      const [accountId] = Object.entries(PEOPLE).find(([, who]) => who.preferred_username === answer.get("account"));
      return { login: { accountId }, [prompt.name]: { accountId } };
    }
    if (answer.get("consent") !== "accept") {
      return { error: "access_denied", error_description: "The person refused." };
    }
    const known = grantId && (await provider.Grant.find(grantId));
    const grant = known || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope((prompt.details.missingOIDCScope ?? []).join(" "));
    return { consent: { grantId: await grant.save() } };
  }
}

/**
 * Hands a request over, without the mount's path. Entra gives a refresh token to whoever asks for `offline_access`;
 * the standard wants the person to be asked for it each time (OpenID Connect Core, 11), so that is added.
 */
function hand(request, response) {
  const url = new URL(request.url, "http://here");
  if (url.pathname === `${MOUNT}/auth`) {
    url.searchParams.set("prompt", `${url.searchParams.get("prompt") ?? ""} consent`.trim());
    request.url = url.pathname + url.search;
  }
  request.originalUrl = request.url;
  request.url = request.url.slice(MOUNT.length);
  return provider.callback()(request, response);
}

function json(response, value) {
  response.setHeader("content-type", "application/json").end(JSON.stringify(value));
}

async function answer(request, response) {
  if (request.url.startsWith("/interaction/")) return interact(request, response);
  if (request.url.startsWith(`${MOUNT}/`)) return hand(request, response);
  const control = CONTROLS[request.url.replace("/control/", "")];
  if (control !== undefined && request.method === "POST") await control();
  else if (request.url !== "/events") response.statusCode = 404;
  json(response, events);
}

const server = http.createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.statusCode = 500;
    response.end(String(error));
  });
});
server.listen(0, "127.0.0.1", () => {
  const authority = `http://127.0.0.1:${server.address().port}`;
  start(authority + MOUNT);
  console.log(JSON.stringify({ authority, mount: MOUNT, tenant: TENANT, client: CLIENT }));
});
process.stdin.resume().on("end", () => process.exit());
