"""Python's gql on the endpoint for clients: an answer, variables, errors with their codes. Prints one JSON object."""

import json
import sys

from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.requests import RequestsHTTPTransport

url = sys.argv[1]
# The schema is fetched, and what is sent is held against it.
client = Client(transport=RequestsHTTPTransport(url=url), fetch_schema_from_transport=True)
student = gql("query Student($id: ID!) { student(id: $id) { id name } }")
with client as session:
    one = session.execute(student, variable_values={"id": "S1"})["student"]
    try:
        session.execute(gql('{ assessments(studentId: "nobody") { id } }'))
        code = None
    except TransportQueryError as error:
        code = error.errors[0]["extensions"]["code"]
print(json.dumps({"one": one, "code": code, "fields": sorted(client.schema.query_type.fields)}))
