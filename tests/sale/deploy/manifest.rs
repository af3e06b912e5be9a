//! What a cluster would make of the rendered objects: pods, the hooks before them, services, routes.
//!
//! Anything that is missing (a secret's key, a named port) fails here, as it would there.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use platform::config::{SETTINGS, Setting};
use serde_json::Value;

use crate::support::random_text;

/// All objects of a release, and the secrets that it expects to exist.
pub struct Manifests {
    objects: Vec<Value>,
    secrets: BTreeMap<(&'static str, &'static str), String>,
}

/// A container as it is started.
#[derive(Clone, Debug)]
pub struct PodSpec {
    pub name: String,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Of the port named `http`; jobs have none.
    pub port: Option<u16>,
    pub startup: Option<Probe>,
    pub readiness: Option<Probe>,
    pub liveness: Option<Probe>,
    /// Before SIGTERM.
    pub pre_stop: Duration,
    /// From the deletion to SIGKILL.
    pub grace: Duration,
    /// Where volumes are mounted: nothing else can be written to.
    pub mounts: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Probe {
    pub path: String,
    pub period: Duration,
    pub timeout: Duration,
    pub failures: u32,
}

/// A role's replicas.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The service that chooses these pods.
    pub service: String,
    pub replicas: usize,
    /// A new replica counts as there when it was ready for so long.
    pub min_ready: Duration,
    pub pod: PodSpec,
}

/// A path of a route, and the service behind it.
#[derive(Clone, Debug)]
pub struct Route {
    /// `Exact`, `PathPrefix` or `RegularExpression`.
    pub kind: String,
    pub path: String,
    pub service: String,
}

impl Manifests {
    pub fn read(path: &Path, redis: &str, database: &str) -> Self {
        let text = fs::read_to_string(path).expect("the rendered objects");
        let objects = serde_json::from_str(&text).expect("a list of objects");
        let secrets = BTreeMap::from([
            (("holdfast-redis", "url"), redis.to_owned()),
            (("holdfast-database", "url"), database.to_owned()),
            (("holdfast-app", "signing-key"), random_text()),
            (("holdfast-app", "organizer-token"), random_text()),
            (("holdfast-stripe", "secret-key"), format!("sk_test_{}", random_text())),
            (("holdfast-stripe", "webhook-secret"), format!("whsec_{}", random_text())),
        ]);
        Self { objects, secrets }
    }

    pub fn secret(&self, name: &'static str, key: &'static str) -> &str {
        &self.secrets[&(name, key)]
    }

    pub fn organizer_token(&self) -> &str {
        self.secret("holdfast-app", "organizer-token")
    }

    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    /// Jobs that Helm runs before it installs anything, in their order.
    pub fn jobs_before_install(&self) -> Vec<PodSpec> {
        let hook = |object: &Value, name: &str| {
            let value = &object["metadata"]["annotations"][format!("helm.sh/{name}")];
            value.as_str().unwrap_or_default().to_owned()
        };
        let mut jobs: Vec<&Value> = self
            .of_kind("Job")
            .filter(|job| hook(job, "hook").split(',').any(|hook| hook == "pre-install"))
            .collect();
        assert!(!jobs.is_empty(), "no migration runs before the install");
        jobs.sort_by_key(|job| hook(job, "hook-weight").parse::<i64>().expect("a weight"));
        jobs.into_iter().map(|job| self.pod(text(job, "/metadata/name"), job)).collect()
    }

    pub fn workloads(&self) -> Vec<Workload> {
        self.of_kind("Deployment").map(|deployment| self.workload(deployment)).collect()
    }

    fn workload(&self, deployment: &Value) -> Workload {
        let name = text(deployment, "/metadata/name");
        let strategy = &deployment["spec"]["strategy"]["rollingUpdate"];
        assert_eq!(strategy["maxUnavailable"], 0, "{name} is never fewer than it should be");
        // An autoscaler that is there says how many there are at least.
        let scaled = self.of_kind("ScaledObject").find(|object| {
            object.pointer("/spec/scaleTargetRef/name") == Some(&Value::from(name.clone()))
        });
        let replicas = match scaled {
            Some(object) => object.pointer("/spec/minReplicaCount"),
            None => deployment.pointer("/spec/replicas"),
        };
        let labels = &deployment["spec"]["template"]["metadata"]["labels"];
        let chooses = |service: &&Value| {
            let selector = service["spec"]["selector"].as_object().expect("a selector");
            selector.iter().all(|(label, value)| labels[label] == *value)
        };
        let service = self.of_kind("Service").find(chooses);
        Workload {
            service: text(service.expect("a service that chooses it"), "/metadata/name"),
            replicas: replicas.and_then(Value::as_u64).expect("a number of replicas") as usize,
            min_ready: seconds(&deployment["spec"]["minReadySeconds"]),
            pod: self.pod(name, deployment),
        }
    }

    fn pod(&self, name: String, owner: &Value) -> PodSpec {
        let spec = &owner["spec"]["template"]["spec"];
        let containers = spec["containers"].as_array().expect("containers");
        let [container] = &containers[..] else { panic!("{name} has one container") };
        assert_eq!(container["command"], Value::Null, "the image knows its program");
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let ports = list(&container["ports"]);
        let port = ports.iter().find(|port| port["name"] == "http");
        let port = port.map(|port| port["containerPort"].as_u64().expect("a port") as u16);
        let probe = |name: &str| probe(&container[name]);
        PodSpec {
            arguments: list(&container["args"]).iter().map(|word| text(word, "")).collect(),
            environment: list(&container["env"]).iter().map(|one| self.variable(one)).collect(),
            port,
            startup: probe("startupProbe"),
            readiness: probe("readinessProbe"),
            liveness: probe("livenessProbe"),
            pre_stop: seconds(&container["lifecycle"]["preStop"]["sleep"]["seconds"]),
            grace: seconds(&spec["terminationGracePeriodSeconds"]),
            mounts: list(&container["volumeMounts"])
                .iter()
                .map(|mount| text(mount, "/mountPath"))
                .collect(),
            name,
        }
    }

    fn variable(&self, variable: &Value) -> (String, String) {
        let name = text(variable, "/name");
        // The program would not tell: a name that it does not know is somebody else's.
        let is_known = |setting: &Setting| {
            name == setting.name || (setting.secret && name == format!("{}_FILE", setting.name))
        };
        assert!(SETTINGS.iter().any(is_known), "{name} is no setting of the program");
        if let Some(value) = variable["value"].as_str() {
            return (name, value.to_owned());
        }
        let secret = &variable["valueFrom"]["secretKeyRef"];
        let (of, key) = (text(secret, "/name"), text(secret, "/key"));
        let value = self.secrets.get(&(of.as_str(), key.as_str()));
        (name, value.unwrap_or_else(|| panic!("no secret {of} with {key}")).clone())
    }

    pub fn routes(&self) -> Vec<Route> {
        let mut routes = Vec::new();
        for rule in self.of_kind("HTTPRoute").flat_map(|route| route["spec"]["rules"].as_array()) {
            for rule in rule {
                let service = text(rule, "/backendRefs/0/name");
                for matched in rule["matches"].as_array().expect("matches") {
                    routes.push(Route {
                        kind: text(matched, "/path/type"),
                        path: text(matched, "/path/value"),
                        service: service.clone(),
                    });
                }
            }
        }
        assert!(!routes.is_empty(), "nothing is routed");
        routes
    }
}

fn text(value: &Value, pointer: &str) -> String {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no text at {pointer} of {value}")).to_owned()
}

fn seconds(value: &Value) -> Duration {
    Duration::from_secs(value.as_u64().unwrap_or_default())
}

fn probe(value: &Value) -> Option<Probe> {
    let value = value.as_object()?;
    assert_eq!(value["httpGet"]["port"], "http");
    Some(Probe {
        path: text(&value["httpGet"], "/path"),
        period: seconds(&value["periodSeconds"]),
        timeout: seconds(&value["timeoutSeconds"]),
        failures: value["failureThreshold"].as_u64().expect("a threshold") as u32,
    })
}
