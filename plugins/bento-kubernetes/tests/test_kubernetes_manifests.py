"""The manifests are valid by the schemas that Kubernetes, KServe and Knative publish."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
import yaml

from bento_kubernetes import KnativePacker, KservePacker, KubernetesPacker
from bento_kubernetes.pod import DELAY, GRACE

pytestmark = pytest.mark.brief

IMAGE = "registry.example.org/basket:3"
EVERYTHING: dict[str, Any] = {
    "namespace": "models",
    "replicas": 2,
    "max_replicas": 5,
    "cpu": "500m",
    "memory": "4Gi",
    "gpu": 1,
    "port": 8080,
}
OPTIONS = [{}, {"max_replicas": 3}, EVERYTHING]
VERSIONS = ["1.25", "1.30", "1.37"]

TEXT = """\
# basket:3
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: basket
  namespace: models
  labels:
    app.kubernetes.io/name: basket
    app.kubernetes.io/version: '3'
    app.kubernetes.io/managed-by: bento
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: basket
  template:
    metadata:
      labels:
        app.kubernetes.io/name: basket
        app.kubernetes.io/version: '3'
        app.kubernetes.io/managed-by: bento
      annotations:
        prometheus.io/scrape: 'true'
        prometheus.io/port: '8080'
        prometheus.io/path: /metrics
    spec:
      terminationGracePeriodSeconds: 40
      automountServiceAccountToken: false
      enableServiceLinks: false
      containers:
      - name: bento
        image: registry.example.org/basket:3
        command:
        - python3
        - -m
        - bento
        - serve
        - /bundle
        - --trust
        - --host
        - '0.0.0.0'
        - --port
        - '8080'
        - --grace
        - '30'
        env:
        - name: HOME
          value: /scratch
        - name: TMPDIR
          value: /scratch
        ports:
        - containerPort: 8080
        readinessProbe:
          httpGet:
            path: /readyz
            port: 8080
          timeoutSeconds: 5
          periodSeconds: 5
          failureThreshold: 2
        livenessProbe:
          httpGet:
            path: /livez
            port: 8080
          timeoutSeconds: 5
          periodSeconds: 10
          failureThreshold: 6
        resources:
          requests:
            cpu: '500m'
            memory: '4Gi'
          limits:
            memory: '4Gi'
            nvidia.com/gpu: '1'
        securityContext:
          runAsNonRoot: true
          runAsUser: 10001
          runAsGroup: 10001
          readOnlyRootFilesystem: true
          allowPrivilegeEscalation: false
          capabilities:
            drop:
            - ALL
          seccompProfile:
            type: RuntimeDefault
        volumeMounts:
        - name: scratch
          mountPath: /scratch
        startupProbe:
          httpGet:
            path: /livez
            port: 8080
          timeoutSeconds: 5
          periodSeconds: 2
          failureThreshold: 150
        lifecycle:
          preStop:
            exec:
              command:
              - sleep
              - '5'
      volumes:
      - name: scratch
        emptyDir: {}
---
apiVersion: v1
kind: Service
metadata:
  name: basket
  namespace: models
  labels:
    app.kubernetes.io/name: basket
    app.kubernetes.io/version: '3'
    app.kubernetes.io/managed-by: bento
spec:
  selector:
    app.kubernetes.io/name: basket
  ports:
  - name: http
    port: 80
    targetPort: 8080
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: basket
  namespace: models
  labels:
    app.kubernetes.io/name: basket
    app.kubernetes.io/version: '3'
    app.kubernetes.io/managed-by: bento
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: basket
  minReplicas: 2
  maxReplicas: 5
  metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        type: Utilization
        averageUtilization: 80
"""


def check(kind: dict[str, Any], version: str) -> None:
    """Refuse whatever a cluster of this version would refuse, unknown fields included."""
    assert kubernetes_validate.validate(kind, version, strict=True) == version


def pod(spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "basket"}, "spec": spec}


def test_the_manifest_has_the_expected_text(bundle, packed):
    assert packed(KubernetesPacker(image=IMAGE, **EVERYTHING), bundle) == TEXT


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("options", OPTIONS)
def test_every_object_is_valid_by_its_schema(options, version, bundle, manifest):
    objects = manifest(KubernetesPacker(image=IMAGE, **options), bundle)
    assert [each["kind"] for each in objects] == ["Deployment", "Service", *(["HorizontalPodAutoscaler"] if options else [])]
    for each in objects:
        check(each, version)


def test_the_schemas_refuse_a_field_that_is_misspelt(bundle, manifest):
    deployment, _ = manifest(KubernetesPacker(image=IMAGE), bundle)
    deployment["spec"]["template"]["spec"]["terminationGracePeriod"] = 40
    with pytest.raises(kubernetes_validate.ValidationError):
        check(deployment, VERSIONS[-1])


def test_with_an_autoscaler_the_deployment_sets_no_number_of_pods(bundle, packed):
    deployment, _ = yaml.safe_load_all(packed(KubernetesPacker(image=IMAGE, replicas=4), bundle))
    assert deployment["spec"]["replicas"] == 4
    assert "replicas" not in next(yaml.safe_load_all(TEXT))["spec"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("options", OPTIONS)
def test_an_inference_service_has_the_spec_of_a_pod_and_its_number(options, version, bundle, manifest, check_kserve):
    (service,) = manifest(KservePacker(image=IMAGE, **options), bundle)
    check_kserve(service)
    assert (service["apiVersion"], service["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    assert service["metadata"]["annotations"] == {"serving.kserve.io/deploymentMode": "RawDeployment"}
    predictor = service["spec"].pop("predictor")
    assert service["spec"] == {}
    extension = {name: predictor.pop(name) for name in ("minReplicas", "maxReplicas", "labels", "annotations")}
    check(pod(predictor), version)
    fewest = options.get("replicas", 1)
    assert (extension["minReplicas"], extension["maxReplicas"]) == (fewest, options.get("max_replicas", fewest))
    assert predictor["containers"][0]["name"] == "kserve-container"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("options", OPTIONS)
def test_a_knative_service_has_the_spec_of_a_pod_without_the_fields_that_knative_sets(options, version, bundle, manifest, check_knative):
    (service,) = manifest(KnativePacker(image=IMAGE, **options), bundle)
    check_knative(service)
    assert (service["apiVersion"], service["kind"], list(service["spec"])) == ("serving.knative.dev/v1", "Service", ["template"])
    spec = service["spec"]["template"]["spec"]
    assert set(spec) == {"containers", "enableServiceLinks", "volumes"}
    (container,) = spec["containers"]
    assert not {"lifecycle", "startupProbe"} & set(container)
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"].setdefault("port", 0) == 0  # Knative adds the only port of the container
    check(pod(spec), version)


@pytest.mark.parametrize("wrong", [{"minReplica": 1}, {"minReplicas": "1"}, {"labels": ["canary"]}, {"timeout": 1.5}], ids=str)
def test_the_classes_of_kserve_refuse_unknown_fields(wrong, bundle, manifest, check_kserve):
    (service,) = manifest(KservePacker(image=IMAGE), bundle)
    service["spec"]["predictor"].update(wrong)
    with pytest.raises((AssertionError, AttributeError)):
        check_kserve(service)


@pytest.mark.parametrize("wrong", [{"containerConcurency": 1}, {"timeoutSeconds": "30"}, {"containers": [{"comand": []}]}], ids=str)
def test_the_schemas_of_knative_refuse_unknown_fields(wrong, bundle, manifest, check_knative):
    (service,) = manifest(KnativePacker(image=IMAGE), bundle)
    service["spec"]["template"]["spec"].update(wrong)
    with pytest.raises(ValueError, match="validation error"):
        check_knative(service)


@pytest.mark.parametrize(
    ("options", "scale"), [({}, {"min": "1"}), ({"replicas": 0}, {"min": "0"}), (EVERYTHING, {"min": "2", "max": "5"})], ids=str
)
def test_a_knative_service_sets_how_many_pods_there_may_be(options, scale, bundle, manifest):
    (service,) = manifest(KnativePacker(image=IMAGE, **options), bundle)
    annotations = service["spec"]["template"]["metadata"]["annotations"]
    told = {name: value for name, value in annotations.items() if name.startswith("autoscaling")}
    assert told == {f"autoscaling.knative.dev/{name}-scale": value for name, value in scale.items()}


@pytest.mark.parametrize("packer", [KubernetesPacker(image=IMAGE), KservePacker(image=IMAGE)], ids=lambda packer: packer.name)
def test_a_pod_has_more_time_to_stop_than_its_server(packer, bundle, manifest):
    document, *_ = manifest(packer, bundle)
    spec = document["spec"]["template"]["spec"] if packer.name == "kubernetes" else document["spec"]["predictor"]
    (container,) = spec["containers"]
    assert container["command"][-2:] == ["--grace", str(GRACE)]
    assert container["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", str(DELAY)]
    assert spec["terminationGracePeriodSeconds"] > DELAY + GRACE


@pytest.mark.parametrize("version", ["1e3", "12e4567", "0x10", "1_000", "1", "true", "null", "2026-11-22", "0o7", "1.5", "y", "N", "on"])
def test_a_version_that_yaml_could_read_as_another_type_stays_a_text(version, save, packed):
    text = packed(KnativePacker(image=IMAGE), save(version=version))
    assert yaml.safe_load(text)["metadata"]["labels"]["app.kubernetes.io/version"] == version
    assert f"app.kubernetes.io/version: '{version}'\n" in text


def test_a_name_that_yaml_could_read_as_another_type_stays_a_text(save, packed):
    text = packed(KnativePacker(image=IMAGE), save("n"))
    assert yaml.safe_load(text)["metadata"]["name"] == "n"
    assert "  name: 'n'\n" in text


def test_a_version_longer_than_a_label_is_cut(save, manifest):
    (service,) = manifest(KnativePacker(image=IMAGE), save(version=f"{'1' * 60}.-.2"))
    assert service["metadata"]["labels"]["app.kubernetes.io/version"] == "1" * 60


@pytest.mark.parametrize(("gpu", "asks"), [(0, False), (2, True)])
def test_the_image_of_a_pod_with_gpus_asks_for_the_driver(gpu, asks, bundle, tmp_path):
    out = KubernetesPacker(image=IMAGE, gpu=gpu).pack(bundle, tmp_path / "out")
    assert ("NVIDIA_VISIBLE_DEVICES" in (out / "image/Dockerfile").read_text()) == asks
