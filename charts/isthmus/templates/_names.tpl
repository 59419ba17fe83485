{{/*
Names. Objects of a namespace are called RELEASE-COMPONENT, cluster-scoped ones
RELEASE-COMPONENT.NAMESPACE: a namespace has no dot in its name, so no two
releases meet.
*/}}

{{- define "isthmus.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* At most 40 characters; what is cut off lives on as a hash. */}}
{{- define "isthmus.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $full := .Values.fullnameOverride }}
{{- if not $full }}
{{- $full = ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- end }}
{{- $full = replace "." "-" $full }}
{{- if gt (len $full) 40 }}
{{- $full = printf "%s-%s" ($full | trunc 31 | trimSuffix "-") (sha256sum $full | trunc 8) }}
{{- end }}
{{- $full }}
{{- end }}

{{- define "isthmus.operator.name" -}}
{{ include "isthmus.fullname" . }}-operator
{{- end }}

{{- define "isthmus.agent.name" -}}
{{ include "isthmus.fullname" . }}-agent
{{- end }}

{{/* Of (list CONTEXT COMPONENT). */}}
{{- define "isthmus.clusterName" -}}
{{- $context := index . 0 -}}
{{ include "isthmus.fullname" $context }}-{{ index . 1 }}.{{ $context.Release.Namespace }}
{{- end }}

{{- define "isthmus.operator.serviceAccount" -}}
{{ default (include "isthmus.operator.name" .) .Values.operator.serviceAccount.name }}
{{- end }}

{{- define "isthmus.agent.serviceAccount" -}}
{{ default (include "isthmus.agent.name" .) .Values.agent.serviceAccount.name }}
{{- end }}

{{/* What selects pods, of (list CONTEXT COMPONENT); never changes. */}}
{{- define "isthmus.selector" -}}
{{- $context := index . 0 -}}
app.kubernetes.io/name: {{ include "isthmus.name" $context }}
app.kubernetes.io/instance: {{ $context.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels of an object, of (list CONTEXT COMPONENT). */}}
{{- define "isthmus.labels" -}}
{{- $context := index . 0 -}}
{{ include "isthmus.selector" . }}
app.kubernetes.io/part-of: isthmus
app.kubernetes.io/version: {{ $context.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version | replace "+" "_" }}
{{- with $context.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of pods, of (list CONTEXT COMPONENT): nothing that a new version of
the chart alone changes, since that would restart them. */}}
{{- define "isthmus.podLabels" -}}
{{ include "isthmus.selector" . }}
app.kubernetes.io/part-of: isthmus
{{- with (index . 0).Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of (list CONTEXT IMAGE), where IMAGE has repository and digest. */}}
{{- define "isthmus.image" -}}
{{- $context := index . 0 }}
{{- $image := index . 1 }}
{{- $name := list $context.Values.image.registry $image.repository | compact | join "/" }}
{{- if $image.digest -}}
{{ $name }}@{{ $image.digest }}
{{- else -}}
{{ $name }}:{{ default $context.Chart.AppVersion $context.Values.image.tag }}
{{- end }}
{{- end }}
