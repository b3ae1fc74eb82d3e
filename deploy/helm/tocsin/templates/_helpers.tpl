{{- define "tocsin.name" -}}
{{- if contains "tocsin" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-tocsin" (.Release.Name | trunc 33 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{- define "tocsin.selector" -}}
app.kubernetes.io/name: tocsin
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tocsin.metadata" -}}
name: {{ include "tocsin.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "tocsin.labels" . | nindent 2 }}
{{- end -}}

{{- define "tocsin.labels" -}}
{{ include "tocsin.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "tocsin.targetNamespaces" -}}
namespaces: {{ .Values.discovery.namespaces | default (list .Release.Namespace) | toJson }}
{{- end -}}

{{- /* A Role and its RoleBinding: suffix, namespace, rules, root. */ -}}
{{- define "tocsin.grant" -}}
{{- $name := printf "%s-%s" (include "tocsin.name" .root) .suffix -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ $name }}
  namespace: {{ .namespace | quote }}
  labels:
    {{- include "tocsin.labels" .root | nindent 4 }}
rules:
  {{- toYaml .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ $name }}
  namespace: {{ .namespace | quote }}
  labels:
    {{- include "tocsin.labels" .root | nindent 4 }}
subjects:
  - kind: ServiceAccount
    name: {{ include "tocsin.name" .root }}
    namespace: {{ .root.Release.Namespace }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ $name }}
{{- end -}}

{{- define "tocsin.config" -}}
server:
  listen: "0.0.0.0:9877"
  {{- if .Values.tls.secretName }}
  probes: { listen: "0.0.0.0:9879" }
  tls:
    cert: { file: /etc/tocsin/tls/tls.crt }
    key: { file: /etc/tocsin/tls/tls.key }
    {{- if .Values.tls.clientCa }}
    clientCa: { file: /etc/tocsin/tls/ca.crt }
    {{- end }}
  {{- end }}
  auth:
    tokens:
      - name: alertmanager
        token: { file: /etc/tocsin/credentials/ingest-token }
        roles: [ingest]
      - name: prometheus
        token: { file: /etc/tocsin/credentials/read-token }
        roles: [read]
      - name: operator
        token: { file: /etc/tocsin/credentials/operate-token }
        roles: [ingest, read, operate]
ledger:
  {{- if eq .Values.ledger.kind "postgres" }}
  url: {{ required "ledger.postgres.url is missing" .Values.ledger.postgres.url | quote }}
  password: { file: /etc/tocsin/credentials/postgres-password }
  tls: { ca: { file: /etc/tocsin/credentials/postgres-ca } }
  {{- else }}
  url: sqlite:/var/lib/tocsin/tocsin.db
  {{- end }}
  encryptionKey: { file: /etc/tocsin/credentials/encryption-key }
discovery:
  kubernetes:
    enabled: true
    {{- include "tocsin.targetNamespaces" . | nindent 4 }}
{{- with .Values.rollouts.namespaces }}
changes:
  kubernetes:
    enabled: true
    namespaces: {{ toJson . }}
{{- end }}
{{- end -}}
