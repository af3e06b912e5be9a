//! All replicas of all roles, and their replacement one by one as a deployment does it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::{
    manifest::{Manifests, Workload},
    pod::{End, Pod},
    proxy::Proxy,
};

/// The pods of all workloads.
pub struct Fleet {
    roles: Vec<Role>,
    proxy: Arc<Proxy>,
    faults: Arc<Mutex<Vec<String>>>,
}

struct Role {
    workload: Workload,
    pods: Vec<Arc<tokio::sync::Mutex<Pod>>>,
    replaced: usize,
}

impl Fleet {
    /// Starts every replica and waits until all are ready.
    pub async fn start(manifests: &Manifests, proxy: Arc<Proxy>) -> Self {
        let mut roles = Vec::new();
        for workload in manifests.workloads() {
            let pods: Vec<Pod> =
                (0..workload.replicas).map(|_| Pod::start(&workload.pod)).collect();
            roles.push((workload, pods));
        }
        let mut started = Vec::new();
        for (workload, pods) in roles {
            let mut ready = Vec::new();
            for pod in pods {
                pod.wait_until_ready().await;
                proxy.add(&workload.service, pod.address).await;
                ready.push(Arc::new(tokio::sync::Mutex::new(pod)));
            }
            started.push(Role { workload, pods: ready, replaced: 0 });
        }
        Self { roles: started, proxy, faults: Arc::default() }
    }

    /// Every pod by another one, all roles at once, in each role one after the other: a new one first.
    pub async fn replace_all(&mut self) {
        let (proxy, faults) = (&self.proxy, &self.faults);
        join_all(self.roles.iter_mut().map(|role| role.replace_all(proxy, faults))).await;
    }

    pub fn replaced(&self) -> usize {
        self.roles.iter().map(|role| role.replaced).sum()
    }

    /// What no cluster should have seen.
    pub fn faults(&self) -> Vec<String> {
        self.faults.lock().expect("no thread panics with it").clone()
    }

    /// As an uninstall does.
    pub async fn end(&mut self) {
        for role in &mut self.roles {
            for pod in role.pods.drain(..) {
                let mut pod = pod.lock().await;
                pod.spec.pre_stop = Duration::ZERO;
                if matches!(pod.end().await, End::Killed) {
                    let fault = format!("{} had to be killed at the end", pod.spec.name);
                    self.faults.lock().expect("no thread panics with it").push(fault);
                }
            }
        }
    }
}

impl Role {
    async fn replace_all(&mut self, proxy: &Arc<Proxy>, faults: &Arc<Mutex<Vec<String>>>) {
        let mut endings = Vec::new();
        for number in 0..self.pods.len() {
            let new = Pod::start(&self.workload.pod);
            new.wait_until_ready().await;
            proxy.add(&self.workload.service, new.address).await;
            self.watch(&new, faults).await;
            let old =
                std::mem::replace(&mut self.pods[number], Arc::new(tokio::sync::Mutex::new(new)));
            endings.push(tokio::spawn(end(
                old,
                self.workload.service.clone(),
                proxy.clone(),
                faults.clone(),
            )));
            self.replaced += 1;
        }
        for ending in endings {
            ending.await.expect("the old pod ends");
        }
    }

    /// Until it counts as there: ready and alive at every probe.
    async fn watch(&self, pod: &Pod, faults: &Arc<Mutex<Vec<String>>>) {
        let until = Instant::now() + self.workload.min_ready;
        while Instant::now() < until {
            for probe in [&pod.spec.readiness, &pod.spec.liveness].into_iter().flatten() {
                if !pod.answers(probe).await {
                    let fault = format!("{} fails {}: {}", pod.spec.name, probe.path, pod.log());
                    faults.lock().expect("no thread panics with it").push(fault);
                }
            }
            sleep(Duration::from_secs(1)).await;
        }
    }
}

/// The endpoint goes while the hook runs.
async fn end(
    pod: Arc<tokio::sync::Mutex<Pod>>,
    service: String,
    proxy: Arc<Proxy>,
    faults: Arc<Mutex<Vec<String>>>,
) {
    let mut pod = pod.lock().await;
    proxy.withdraw(&service, pod.address).await;
    let name = pod.spec.name.clone();
    match pod.end().await {
        End::InTime(took) => println!("{name} ended within {took:.1?}"),
        End::Killed => {
            let fault = format!("{name} did not end in time: {}", pod.log());
            faults.lock().expect("no thread panics with it").push(fault);
        }
    }
    proxy.forget(&service, pod.address).await;
}
