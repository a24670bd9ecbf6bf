"""The recipe of CIPP's API documentation, done in Python: get a token, ask ListLogs for a range, filter, count.

What people use today, written as they write it: requests and json, the whole answer at once. The measure for cippctl.
"""

import os
import sys

import requests

tenant = os.environ["TENANT_ID"]
client = os.environ["CLIENT_ID"]
start, end, api = sys.argv[1:4]

token = requests.post(
    f"{os.environ['AUTHORITY']}/{tenant}/oauth2/v2.0/token",
    data={
        "client_id": client,
        "client_secret": os.environ["CLIENT_SECRET"],
        "scope": f"api://{client}/.default",
        "grant_type": "client_credentials",
    },
)
token.raise_for_status()

answer = requests.get(
    f"{os.environ['API_URL']}/api/ListLogs",
    headers={"Authorization": f"Bearer {token.json()['access_token']}"},
    params={
        "Filter": "true",
        "StartDate": start,
        "EndDate": end,
        "Severity": "Critical,Error,Warning,Warn,Alert,Info,Information",
    },
)
answer.raise_for_status()
rows = answer.json()
matching = [row for row in rows if api.lower() in row["API"].lower()]
print(len(matching))
