{{/*
What a process is told. Names are those of `holdfast config`; an empty value is left out, so that a
settings file can fill it in.
*/}}

{{/* Takes { env, from: { existingSecret, … }, key }: one variable out of a Secret. */}}
{{- define "holdfast.secretVariable" -}}
- name: {{ .env }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end -}}

{{- define "holdfast.databaseVariable" -}}
{{- with .Values.secrets.database -}}
{{ include "holdfast.secretVariable" (dict "env" "HOLDFAST_DATABASE_URL" "secret" .existingSecret "key" .urlKey) }}
{{- end -}}
{{- end -}}

{{/* The stores and keys that a role's process and the auditor need. */}}
{{- define "holdfast.storeVariables" -}}
{{- with .Values.secrets -}}
{{ include "holdfast.secretVariable" (dict "env" "HOLDFAST_REDIS_URL" "secret" .redis.existingSecret "key" .redis.urlKey) }}
{{ include "holdfast.databaseVariable" $ }}
{{ include "holdfast.secretVariable" (dict "env" "HOLDFAST_SIGNING_KEY" "secret" .app.existingSecret "key" .app.signingKeyKey) }}
{{ include "holdfast.secretVariable" (dict "env" "HOLDFAST_ORGANIZER_TOKEN" "secret" .app.existingSecret "key" .app.organizerTokenKey) }}
{{- end -}}
{{- end -}}

{{/* Takes the root: settings that are no secrets, as { NAME: text }. */}}
{{- define "holdfast.settings" -}}
{{- with .Values.config -}}
HOLDFAST_LISTEN: {{ printf "%s:%v" .bindAddress .port | quote }}
HOLDFAST_THREADS: {{ .threads | toString | quote }}
HOLDFAST_DATA_DIR: {{ .dataDir | quote }}
HOLDFAST_RATE_LIMIT_PER_MINUTE: {{ .rateLimitPerMinute | toString | quote }}
HOLDFAST_HELD_SEATS_PER_ADDRESS: {{ .heldSeatsPerAddress | toString | quote }}
HOLDFAST_PROOF_OF_WORK: {{ ternary "1" "0" .proofOfWork | quote }}
HOLDFAST_DRAW_BEACON: {{ .drawBeacon | quote }}
HOLDFAST_TRUSTED_PROXIES: {{ join "," .trustedProxies | quote }}
HOLDFAST_CORS_ORIGINS: {{ join "," .corsOrigins | quote }}
HOLDFAST_STRIPE_RATE: {{ .stripeRate | quote }}
HOLDFAST_SANDBOX: {{ ternary "1" "0" .sandbox | quote }}
STRIPE_PUBLISHABLE_KEY: {{ .stripePublishableKey | quote }}
STRIPE_API_BASE: {{ .stripeApiBase | quote }}
HOLDFAST_LOG: {{ .log | quote }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ .otlpEndpoint | quote }}
HOLDFAST_CONFIG: {{ ternary "/etc/holdfast/settings.toml" "" (ne .file.existingConfigMap "") | quote }}
{{- end -}}
{{- end -}}

{{/* Takes { root, key, role }: all variables of a role's process. Stripe's secrets go to payments alone. */}}
{{- define "holdfast.environment" -}}
{{- range $name, $value := include "holdfast.settings" .root | fromYaml }}
{{- if $value }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{ include "holdfast.storeVariables" .root }}
{{- if eq .key "payments" }}
{{- with .root.Values.secrets.stripe }}
{{- if .existingSecret }}
{{ include "holdfast.secretVariable" (dict "env" "STRIPE_SECRET_KEY" "secret" .existingSecret "key" .secretKeyKey) }}
{{ include "holdfast.secretVariable" (dict "env" "STRIPE_WEBHOOK_SECRET" "secret" .existingSecret "key" .webhookSecretKey) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .role.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
