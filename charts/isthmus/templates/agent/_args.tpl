{{/* The agent's command line, of (list CONTEXT GROUP). */}}
{{- define "isthmus.agent.args" -}}
{{- $values := (index . 0).Values }}
{{- $agent := $values.agent }}
{{- $group := index . 1 -}}
- run
- --node-name=$(NODE_NAME)
{{- range default (list $group.name) $group.pools }}
- --pool={{ . }}
{{- end }}
{{- range $group.interfaces }}
- --interface={{ . }}
{{- end }}
{{- range $group.vteps }}
- --vtep={{ . }}
{{- end }}
- --xdp-mode={{ default "auto" $group.xdpMode }}
- --vxlan-port={{ $agent.vxlanPort }}
{{- with $agent.gatewayMac }}
- --gateway-mac={{ . }}
{{- end }}
- --pin-dir={{ $agent.pinDir }}
- --metrics-addr={{ include "isthmus.agent.metricsHost" (index . 0) }}:{{ $agent.metrics.port }}
- --log-format={{ $agent.logFormat }}
{{- $flags := dict "members" "members" "membersV6" "members-v6" "prefixes" "prefixes" "vpcs" "vpcs" "peerings" "peerings" "routeLines" "route-lines" }}
{{- range $key, $value := mergeOverwrite (dict) $agent.sizes (default dict $group.sizes) }}
- --max-{{ get $flags $key }}={{ int64 $value }}
{{- end }}
{{- end }}

{{/* An IPv6 address wants brackets before a port. */}}
{{- define "isthmus.agent.metricsHost" -}}
{{- $host := .Values.agent.metrics.host -}}
{{ ternary (printf "[%s]" $host) $host (contains ":" $host) }}
{{- end }}

{{/* A probe of a path: the kubelet asks the node's address, unless the agent
listens on another. Of (list CONTEXT PATH). */}}
{{- define "isthmus.agent.probe" -}}
{{- $host := (index . 0).Values.agent.metrics.host -}}
httpGet:
  path: {{ index . 1 }}
  port: metrics
  {{- if not (has $host (list "0.0.0.0" "::")) }}
  host: {{ $host | quote }}
  {{- end }}
{{- end }}

{{/* A probe of a path whose answer is in the pod's events: the kubelet's own
says the status alone. Of (list CONTEXT PATH). */}}
{{- define "isthmus.agent.told" -}}
{{- $host := get (dict "0.0.0.0" "127.0.0.1" "::" "[::1]") (index . 0).Values.agent.metrics.host | default (include "isthmus.agent.metricsHost" (index . 0)) -}}
exec:
  command:
    - /usr/local/bin/isthmus-probe
    - --once
    - http://{{ $host }}:{{ (index . 0).Values.agent.metrics.port }}{{ index . 1 }}
{{- end }}
