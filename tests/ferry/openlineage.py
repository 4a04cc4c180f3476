# SPDX-License-Identifier: Apache-2.0
"""OpenLineage events, written apart from ours."""

import uuid

SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"
PRODUCER = "https://example.org/tool/v1"


def run_id(number):
    return str(uuid.UUID(int=number))


def time(second=0):
    return f"2026-01-02T03:{second // 60:02}:{second % 60:02}.000Z"


def facet(**members):
    return {"_producer": PRODUCER, "_schemaURL": "https://example.org/facet.json", **members}


def dataset(name, version=None, namespace="lake", **facets):
    if version:
        facets["version"] = facet(datasetVersion=version)
    return {"namespace": namespace, "name": name, "facets": facets}


def artifact(sha256):
    return {"namespace": "modelferry:artifacts", "name": sha256}


def _base(kind, second):
    return {"eventTime": time(second), "producer": PRODUCER, "schemaURL": SPEC + kind}


def run_event(event_type, run, job="train", inputs=(), outputs=(), second=0, run_facets=None,
              job_facets=None):
    return {**_base("RunEvent", second), "eventType": event_type,
            "run": {"runId": run, "facets": run_facets or {}},
            "job": {"namespace": "pipelines", "name": job, "facets": job_facets or {}},
            "inputs": list(inputs), "outputs": list(outputs)}


def dataset_event(name, version=None, second=0, **facets):
    return {**_base("DatasetEvent", second), "dataset": dataset(name, version, **facets)}


def job_event(job="train", inputs=(), outputs=(), second=0):
    return {**_base("JobEvent", second), "job": {"namespace": "pipelines", "name": job},
            "inputs": list(inputs), "outputs": list(outputs)}
