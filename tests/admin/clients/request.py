"""Uses the admin API with gql, which checks operations against the schema that it introspects.

python request.py URL TOKEN
"""

import json
import sys

from gql import Client, gql
from gql.transport.exceptions import TransportQueryError, TransportServerError
from gql.transport.requests import RequestsHTTPTransport


def client(url: str, token: str, introspects: bool) -> Client:
    transport = RequestsHTTPTransport(url=url, headers={"Authorization": f"Bearer {token}"})
    return Client(transport=transport, fetch_schema_from_transport=introspects)


def main() -> None:
    _, url, token = sys.argv
    with client(url, token, True) as session:
        looked = session.execute(
            gql("query Look($name: String!) { module(name: $name) { name active { digest sizeBytes fields } } process { state } }"),
            variable_values={"name": "marked"},
        )
        changed = session.execute(
            gql("mutation { apply { __typename ... on Unchanged { directory } ... on Failure { code } } }")
        )
        types = len(session.client.schema.type_map)
    refused = None
    try:
        with client(url, "nobody", False) as session:
            session.execute(gql("{ __typename }"))
    except (TransportServerError, TransportQueryError) as error:
        refused = getattr(error, "code", None) or error.errors[0]["extensions"]["code"]
    print(json.dumps({"looked": looked, "changed": changed, "types": types, "refused": refused}))


main()
