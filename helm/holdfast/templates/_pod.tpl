{{/* Parts of every pod: Pod Security's level "restricted", without a token, without a writable root. */}}

{{- define "holdfast.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "holdfast.containerSecurity" -}}
image: {{ include "holdfast.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* The writable directory, and the settings file where there is one. */}}
{{- define "holdfast.mounts" -}}
- name: data
  mountPath: {{ .Values.config.dataDir }}
{{- with .Values.config.file }}
{{- if .existingConfigMap }}
- name: settings
  mountPath: /etc/holdfast
  readOnly: true
{{- end }}
{{- end }}
{{- end -}}

{{- define "holdfast.volumes" -}}
- name: data
  emptyDir:
    sizeLimit: {{ .Values.config.dataDirSize }}
{{- with .Values.config.file }}
{{- if .existingConfigMap }}
- name: settings
  configMap:
    name: {{ .existingConfigMap }}
    items:
      - key: {{ .key }}
        path: settings.toml
{{- end }}
{{- end }}
{{- end -}}

{{/* Takes { path, probe }. */}}
{{- define "holdfast.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
periodSeconds: {{ .probe.periodSeconds }}
timeoutSeconds: {{ .probe.timeoutSeconds }}
failureThreshold: {{ .probe.failureThreshold }}
{{- end -}}

{{/* Takes { root, key, name, role }: the pod template of a role. */}}
{{- define "holdfast.podTemplate" -}}
{{- $hash := ternary "pod-template-hash" "rollouts-pod-template-hash" (eq .role.rollout.kind "Deployment") -}}
metadata:
  labels:
    {{- include "holdfast.podLabels" . | nindent 4 }}
    {{- with .role.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .role.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "holdfast.serviceAccount" .root }}
  {{- include "holdfast.podSecurity" .root | nindent 2 }}
  terminationGracePeriodSeconds: {{ .role.shutdown.gracePeriodSeconds }}
  {{- with .role.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .role.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .role.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .role.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- $rules := dict "topology.kubernetes.io/zone" .role.spread.zones "kubernetes.io/hostname" .role.spread.hosts }}
  {{- if or (ne .role.spread.zones "Off") (ne .role.spread.hosts "Off") }}
  topologySpreadConstraints:
    {{- range $topology, $rule := $rules }}
    {{- if ne $rule "Off" }}
    - topologyKey: {{ $topology }}
      maxSkew: 1
      whenUnsatisfiable: {{ $rule }}
      labelSelector:
        matchLabels:
          {{- include "holdfast.selector" $ | nindent 10 }}
      # Pods of the version that is going do not count.
      matchLabelKeys: [{{ $hash }}]
    {{- end }}
    {{- end }}
  {{- end }}
  containers:
    - name: holdfast
      {{- include "holdfast.containerSecurity" .root | nindent 6 }}
      args: [serve, --roles, {{ .name }}]
      env:
        {{- include "holdfast.environment" . | trim | nindent 8 }}
      ports:
        - name: http
          containerPort: {{ .root.Values.config.port }}
          protocol: TCP
      startupProbe:
        {{- include "holdfast.probe" (dict "path" "/livez" "probe" .role.probes.startup) | nindent 8 }}
      readinessProbe:
        {{- include "holdfast.probe" (dict "path" "/readyz" "probe" .role.probes.readiness) | nindent 8 }}
      livenessProbe:
        {{- include "holdfast.probe" (dict "path" "/livez" "probe" .role.probes.liveness) | nindent 8 }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ .role.shutdown.preStopSleepSeconds }}
      resources:
        {{- toYaml .role.resources | nindent 8 }}
      volumeMounts:
        {{- include "holdfast.mounts" .root | nindent 8 }}
  volumes:
    {{- include "holdfast.volumes" .root | nindent 4 }}
{{- end -}}
