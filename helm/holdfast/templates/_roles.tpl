{{/*
The four roles. Each is `defaults` with the role's own block laid over it, so all have the same keys.
Templates loop over "holdfast.roles" and read the result of "holdfast.role".
*/}}

{{- define "holdfast.roles" -}}
keys: [engine, waitingRoom, seatmapWs, payments]
{{- end -}}

{{/* Takes { root, key }: the role's values, as YAML. */}}
{{- define "holdfast.role" -}}
{{- $role := deepCopy .root.Values.defaults -}}
{{- include "holdfast.lay" (dict "base" $role "over" (get .root.Values .key)) -}}
{{- toYaml $role -}}
{{- end -}}

{{/*
Takes { base, over } and changes base; writes nothing. The library's own merge takes false, 0 and ""
for "not said" and would keep the default.
*/}}
{{- define "holdfast.lay" -}}
{{- range $key, $value := .over -}}
{{- $old := get $.base $key -}}
{{- if and (kindIs "map" $value) (kindIs "map" $old) -}}
{{- include "holdfast.lay" (dict "base" $old "over" $value) -}}
{{- else -}}
{{- $_ := set $.base $key $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Takes the role's values: the most pods there can be. */}}
{{- define "holdfast.mostPods" -}}
{{- if .hpa.enabled }}{{ .hpa.maxReplicas }}{{ else if .keda.enabled }}{{ .keda.maxReplicas }}{{ else }}{{ .replicas }}{{ end -}}
{{- end -}}

{{/* Takes { root, name, role }: what a scaler scales. */}}
{{- define "holdfast.scaleTarget" -}}
{{- if eq .role.rollout.kind "Deployment" -}}
apiVersion: apps/v1
kind: Deployment
{{- else -}}
apiVersion: argoproj.io/v1alpha1
kind: Rollout
{{- end }}
name: {{ include "holdfast.fullname" .root }}-{{ .name }}
{{- end -}}
