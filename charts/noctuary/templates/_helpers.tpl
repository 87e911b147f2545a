{{/* Prefix of all names: leaves 18 characters for the longest suffix within 63. */}}
{{- define "noctuary.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels that never change; a dict of root and component. */}}
{{- define "noctuary.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* All labels; a dict of root and component. */}}
{{- define "noctuary.labels" -}}
{{ include "noctuary.selector" . }}
app.kubernetes.io/part-of: noctuary
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
Annotations of an object of ours, with the line above them, or nothing; a dict of root and own. Those of its own go before
commonAnnotations.
*/}}
{{- define "noctuary.annotations" -}}
{{- with merge (deepCopy (.own | default dict)) (.root.Values.commonAnnotations | default dict) }}
  annotations:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end -}}

{{- define "noctuary.image" -}}
{{- $registry := (.Values.global | default dict).imageRegistry | default .Values.image.registry -}}
{{- with $registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{/* The chart's pull secrets and the parent chart's, each once; a parent may write names alone. */}}
{{- define "noctuary.imagePullSecrets" -}}
{{- $secrets := list -}}
{{- range concat (.Values.imagePullSecrets | default list) ((.Values.global | default dict).imagePullSecrets | default list) -}}
{{- $secrets = append $secrets (kindIs "string" . | ternary (dict "name" .) .) -}}
{{- end -}}
{{- with uniq $secrets -}}
{{ toYaml . }}
{{- end -}}
{{- end -}}

{{/* Name of a component's ServiceAccount; a dict of root and component. */}}
{{- define "noctuary.serviceAccountName" -}}
{{- $own := printf "%s-%s" (include "noctuary.fullname" .root) .component -}}
{{- if eq .component "cleanup" -}}
{{ $own }}
{{- else -}}
{{- $account := (index .root.Values .component).serviceAccount -}}
{{ default (ternary $own "default" $account.create) $account.name }}
{{- end -}}
{{- end -}}

{{/* Names of cluster-wide objects hold the namespace: two releases of one name must not share them. */}}
{{- define "noctuary.clusterName" -}}
{{ include "noctuary.fullname" .root }}-{{ .component }}-{{ .root.Release.Namespace }}
{{- end -}}

{{/*
The plurals of the kinds that `receiver.watch` switches off, as a JSON list.
*/}}
{{- define "noctuary.unwatched" -}}
{{- $off := list -}}
{{- range $name, $resources := dict
  "services" (list "services")
  "ingresses" (list "ingresses")
  "httpRoutes" (list "httproutes")
  "networkPolicies" (list "networkpolicies")
  "roles" (list "roles" "rolebindings")
  "resourceQuotas" (list "resourcequotas")
  "limitRanges" (list "limitranges")
  "configMaps" (list "configmaps")
  "autoscalers" (list "horizontalpodautoscalers")
-}}
{{- if eq (toString (index ($.Values.receiver.watch | default dict) $name)) "false" -}}
{{- $off = concat $off $resources -}}
{{- end -}}
{{- end -}}
{{- toJson $off -}}
{{- end -}}

{{/*
The rules of one Role, read from files/rbac, which the integration tests grant as they are.
A dict of root, component, and scope: role (the release's namespace), clusterrole (all), watchedrole (each watched one);
with secrets "left out" the one about Secrets is not among them, with "alone" it is the only one.
*/}}
{{- define "noctuary.rules" -}}
{{- $full := include "noctuary.fullname" .root -}}
{{- $chosen := .secrets -}}
{{- $off := ternary (include "noctuary.unwatched" .root | fromJsonArray) list (eq .component "receiver") -}}
{{- range splitList "\n---\n" (.root.Files.Get (printf "files/rbac/%s-%s.yaml" .component .scope)) -}}
{{- range (fromYaml .).rules -}}
{{- $resources := .resources }}
{{- $isOff := and (has "watch" .verbs) (has (first $resources) $off) -}}
{{- if and (not $isOff) (or (not $chosen) (eq (has "secrets" $resources) (eq $chosen "alone"))) }}
- apiGroups: {{ toJson .apiGroups }}
  resources: {{ toJson $resources }}
  {{- with .resourceNames }}
  {{- if has "deployments/scale" $resources }}
  resourceNames: [{{ $full }}-operator]
  {{- else if has "statefulsets/scale" $resources }}
  resourceNames: [{{ $full }}-receiver]
  {{- else }}
  resourceNames: {{ toJson . }}
  {{- end }}
  {{- end }}
  verbs: {{ toJson .verbs }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Pod fields that all have: no shell, no root, no token but the one projected below; a dict of root and component. The clean-up
finds its way and its runtime as the operator does.
*/}}
{{- define "noctuary.podBasics" -}}
{{- $values := index .root.Values (eq .component "cleanup" | ternary "operator" .component) -}}
serviceAccountName: {{ include "noctuary.serviceAccountName" . }}
automountServiceAccountToken: false
# Service links would set NOCTUARY_* variables that look like settings.
enableServiceLinks: false
{{- with include "noctuary.imagePullSecrets" .root }}
imagePullSecrets:
  {{- . | nindent 2 }}
{{- end }}
{{- range $field := list "hostAliases" "dnsPolicy" "dnsConfig" "runtimeClassName" }}
{{- with index $values $field }}
{{ dict $field . | toYaml }}
{{- end }}
{{- end }}
securityContext:
  runAsNonRoot: {{ .root.Values.podSecurityContext.runAsNonRoot }}
  {{- range $field := list "runAsUser" "runAsGroup" "fsGroup" }}
  {{- $value := index $.root.Values.podSecurityContext $field }}
  {{- if not (kindIs "invalid" $value) }}
  {{ $field }}: {{ int64 $value }}
  {{- end }}
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{/* Container fields that all have; a dict of root, component, and args where they are not the component alone. */}}
{{- define "noctuary.containerBasics" -}}
image: {{ include "noctuary.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: {{ .args | default (list .component) | toJson }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: {{ .root.Values.podSecurityContext.runAsNonRoot }}
  capabilities:
    drop: [ALL]
{{- end -}}

{{- define "noctuary.env" -}}
- name: NOCTUARY_RELEASE_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: NOCTUARY_LOG_LEVEL
  value: {{ .Values.logLevel }}
{{- end -}}

{{/* Whether the operator reads and writes Secrets in the namespaces of secretNamespaces only; fails where the two values contradict. */}}
{{- define "noctuary.secretsPerNamespace" -}}
{{- $perNamespace := eq (.Values.secretAccess | default "cluster") "namespaces" -}}
{{- if and .Values.secretNamespaces (not $perNamespace) -}}
{{- fail "secretNamespaces: has no effect with secretAccess `cluster`; set secretAccess to `namespaces`, or remove the list" -}}
{{- end -}}
{{- range .Values.secretNamespaces -}}
{{- if and $.Values.watchNamespaces (not (has . $.Values.watchNamespaces)) -}}
{{- fail (printf "secretNamespaces: %s is not in watchNamespaces, so no integration is served there; add it there, or remove it here" .) -}}
{{- end -}}
{{- end -}}
{{ $perNamespace }}
{{- end -}}

{{/* The milliseconds of a span of time such as 1h30m or 500ms, whose form the schema has checked. */}}
{{- define "noctuary.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h)" . -1 -}}
{{- $sum = add $sum (mul (int64 (regexFind "[0-9]+" .)) (index $units (regexFind "[a-z]+" .))) -}}
{{- end -}}
{{ $sum }}
{{- end -}}

{{/* The same in whole seconds. */}}
{{- define "noctuary.seconds" -}}
{{ div (int64 (include "noctuary.milliseconds" .)) 1000 }}
{{- end -}}

{{- define "noctuary.basicMounts" -}}
- name: tmp
  mountPath: /tmp
- name: token
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
{{- end -}}

{{- define "noctuary.basicVolumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
- name: token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: {{ int64 .Values.serviceAccountToken.expirationSeconds }}
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
{{- end -}}

{{/* Where a pod runs; a dict of root and component. */}}
{{- define "noctuary.scheduling" -}}
{{- $values := index .root.Values .component -}}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  {{- /* A selector that is given stays whole: merged into ours it would select less than was asked for. */}}
  {{- $own := hasKey . "labelSelector" | ternary (dict) (dict "labelSelector" (dict "matchLabels" (fromYaml (include "noctuary.selector" $)))) }}
  - {{ toYaml (merge (deepCopy .) $own) | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
terminationGracePeriodSeconds: {{ int64 $values.terminationGracePeriodSeconds }}
{{- end -}}

{{/* A probe of the internal port; a dict of path and probe. */}}
{{- define "noctuary.probe" -}}
httpGet:
  path: {{ .path }}
  port: internal
{{ toYaml .probe }}
{{- end -}}

{{- define "noctuary.podLabels" -}}
{{- include "noctuary.labels" . }}
{{- with (index .root.Values .component).podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}
