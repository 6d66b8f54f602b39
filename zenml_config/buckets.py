"""The buckets of an S3-compatible store: `python -m zenml_config.buckets NAME …` makes those that are not there yet.

Where the store is and who asks stands in the environment, as boto3 reads it: AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, ….
"""

import sys
from collections.abc import Sequence


def make_buckets(names: Sequence[str]) -> list[str]:
    """The names of the buckets that were made.

    Raises:
        ClientError: the store refuses.
    """
    import boto3

    store = boto3.client("s3")
    there = {bucket["Name"] for bucket in store.list_buckets()["Buckets"]}
    made = [name for name in names if name not in there]
    for name in made:
        store.create_bucket(Bucket=name)
    return made


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit("Wanted the names of the buckets.")
    sys.stdout.write(f"Made: {', '.join(make_buckets(sys.argv[1:])) or 'none, all are there'}.\n")
