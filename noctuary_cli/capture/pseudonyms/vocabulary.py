"""Words that tell nobody whose cluster it is: Kubernetes' own, those of its messages, and usual names of software."""

from noctuary_cli.capture.redaction.forms import parts_of

_KUBERNETES = """
api apis app apps kube kubernetes system public default node nodes pod pods container containers service services svc
cluster local deployment deployments replicaset statefulset daemonset job jobs cronjob ingress gateway route routes
configmap secret secrets volume volumes claim pvc pv lease leases namespace namespaces endpoint endpoints policy role
quota limit limits request requests label labels annotation hash template revision generation selector status spec
metadata controller manager scheduler kubelet proxy coredns dns etcd apiserver operator webhook admission network
storage class token account serviceaccount root certs crt rollout rollouts release canary stable preview primary
kubectl helm argocd argo argoproj flux fluxcd kustomize flagger noctuary istio linkerd envoy sidecar prometheus
grafana alertmanager opentelemetry otel keda kind minikube k3s k3d gke eks aks cert certmanager
"""
_MESSAGES = """
back off restarting failed successfully assigned pulling pulled image created create started start killing stopping
liveness readiness startup probe http https statuscode get dial tcp udp connect connection refused context deadline
exceeded insufficient memory cpu available were didn match free unbound immediate persistent persistentvolumeclaims
taint tolerated untolerated preemption preempt preempting not found unable attach mount mounted scaled scale down
replica set sets from with the and for that this was has had are new old all any more than helpful help unhealthy exit
code error errors pull manifest unknown denied unauthorized forbidden used requested limited unavailable evicted
evicting threshold quantity killed out reached maximum minimum timed timeout before headers response server client
host address already use permission file directory such user password authentication invalid missing key keys data
value values name names type update updated delete deleted patch list watch reason message condition conditions true
false none null port ports path internal external load balancer ready running pending succeeded waiting terminated
crashloopbackoff oomkilled errimagepull imagepullbackoff completed process signal run runs command exec main init
event events warning normal info debug level log logs msg time fatal panic goroutine exception caused traceback thread
rate high low alert latency above below slow page firing resolved incident test testing example examples com org net
dev cloud registry docker ghcr quay gcr ecr azurecr amazonaws library latest alpine slim debian ubuntu linux amd64
arm64 hostname zone region topology beta arch instance component part managed version owner team env environment
production prod staging stage qa live blue green
"""
_SOFTWARE = """
web www api http server backend frontend front back end worker workers queue cache db database sql postgres postgresql
mysql mariadb mongo mongodb redis kafka rabbitmq rabbit nats zookeeper elasticsearch opensearch kibana logstash
fluentd loki tempo jaeger nginx apache httpd haproxy traefik caddy varnish memcached minio vault consul nomad node
java python ruby golang rust php php8 fpm gunicorn uvicorn celery sidekiq puma tomcat spring boot django flask rails
express auth login users user orders order cart checkout payment payments billing invoice invoices catalog search mail
mailer email notify notification notifications report reports import export sync batch cron task tasks scheduler
migrate migration migrations backup restore metrics exporter monitor agent collector health healthz readyz livez
status admin dashboard portal site shop store demo sample hello world echo sleep busybox curl pause
url uri dsn uuid mode size count max min interval ttl retry retries pool flag flags feature config configuration conf
json yaml yml txt csv pem ini script scripts opt usr etc var tmp dev bin lib srv mnt home
"""
VOCABULARY = frozenset(parts_of(_KUBERNETES + _MESSAGES + _SOFTWARE))
