{{- define "gorocket.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end }}

{{- define "gorocket.labels" -}}
app.kubernetes.io/name: gorocket
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "gorocket.image" -}}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end }}

{{/* Pod number i of a StatefulSet, in DNS: (list . "namesrv" i) */}}
{{- define "gorocket.host" -}}
{{- $root := index . 0 -}}
{{- $set := printf "%s-%s" (include "gorocket.name" $root) (index . 1) -}}
{{ $set }}-{{ index . 2 }}.{{ $set }}.{{ $root.Release.Namespace }}.svc.{{ $root.Values.clusterDomain }}
{{- end }}

{{- define "gorocket.namesrvAddr" -}}
{{- $root := . -}}
{{- range $i := until (int .Values.namesrv.replicas) }}{{ if $i }};{{ end }}{{ include "gorocket.host" (list $root "namesrv" $i) }}:{{ $root.Values.namesrv.port }}{{ end -}}
{{- end }}

{{- define "gorocket.controllerAddr" -}}
{{- $root := . -}}
{{- range $i := until (int .Values.controller.replicas) }}{{ if $i }};{{ end }}{{ include "gorocket.host" (list $root "controller" $i) }}:{{ $root.Values.controller.port }}{{ end -}}
{{- end }}

{{- define "gorocket.controllerPeers" -}}
{{- $root := . -}}
{{- range $i := until (int .Values.controller.replicas) }}{{ if $i }};{{ end }}n{{ $i }}-{{ include "gorocket.host" (list $root "controller" $i) }}:{{ $root.Values.controller.port }}{{ end -}}
{{- end }}

{{/* The StatefulSet and headless Service of one kind. One set of arguments for each pod: an init container of the same
     image would need a shell, so each pod finds its own file by its name: /conf/$(POD_NAME).conf. */}}
{{- define "gorocket.members" -}}
{{- $root := .root -}}
{{- $name := printf "%s-%s" (include "gorocket.name" $root) .kind -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels: {{- include "gorocket.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .kind }}
spec:
  clusterIP: None
  # Members find each other before they are ready.
  publishNotReadyAddresses: true
  selector:
    app.kubernetes.io/instance: {{ $root.Release.Name }}
    app.kubernetes.io/component: {{ .kind }}
  ports: {{- range $port, $number := .ports }}
    - {name: {{ $port }}, port: {{ $number }}, targetPort: {{ $number }}, protocol: TCP} {{- end }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  labels: {{- include "gorocket.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .kind }}
spec:
  serviceName: {{ $name }}
  replicas: {{ .values.replicas }}
  podManagementPolicy: Parallel
  updateStrategy: {type: RollingUpdate}
  selector:
    matchLabels:
      app.kubernetes.io/instance: {{ $root.Release.Name }}
      app.kubernetes.io/component: {{ .kind }}
  template:
    metadata:
      labels: {{- include "gorocket.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .kind }}
      annotations:
        checksum/config: {{ .conf | toJson | sha256sum }}
        prometheus.io/scrape: "true"
        prometheus.io/port: {{ .ports.metrics | quote }}
    spec:
      terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext: {{- toYaml $root.Values.podSecurityContext | nindent 8 }}
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if $root.Values.spread }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              app.kubernetes.io/instance: {{ $root.Release.Name }}
              app.kubernetes.io/component: {{ .kind }}
      {{- end }}
      containers:
        - name: {{ .command }}
          image: {{ include "gorocket.image" $root | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          command: ["/usr/bin/gorocket"]
          args: [{{ .command | quote }}, "-c", "/conf/$(POD_NAME).conf", "--log-json"
            {{- if $root.Values.secure.enabled }}, "--secure", "--secure-dir", "/secure"{{ end }}]
          env:
            - name: POD_NAME
              valueFrom: {fieldRef: {fieldPath: metadata.name}}
            - {name: HOME, value: /var/lib/gorocket}
          ports: {{- range $port, $number := .ports }}
            - {name: {{ $port }}, containerPort: {{ $number }}} {{- end }}
          securityContext: {{- toYaml $root.Values.containerSecurityContext | nindent 12 }}
          resources: {{- toYaml .values.resources | nindent 12 }}
          startupProbe:
            exec: {command: ["/usr/bin/gorocket", "health", "--timeout", "4s", "127.0.0.1:{{ .ports.metrics }}"]}
            periodSeconds: 2
            timeoutSeconds: 5
            # A recovery reads the end of the log: an hour.
            failureThreshold: 1800
          readinessProbe:
            exec: {command: ["/usr/bin/gorocket", "health", "--timeout", "4s", "127.0.0.1:{{ .ports.metrics }}"]}
            periodSeconds: 5
            timeoutSeconds: 5
          livenessProbe:
            # That it listens: a full disk is no reason to kill it.
            tcpSocket: {port: {{ .ports.main }}}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          volumeMounts:
            - {name: data, mountPath: /var/lib/gorocket}
            - {name: conf, mountPath: /conf, readOnly: true}
            {{- if $root.Values.secure.enabled }}
            - {name: secure, mountPath: /secure, readOnly: true}
            {{- end }}
      volumes:
        - name: conf
          configMap: {name: {{ $name }}}
        {{- if $root.Values.secure.enabled }}
        - name: secure
          secret: {secretName: {{ $root.Values.secure.secretName }}, defaultMode: 0440}
        {{- end }}
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .values.storage.className }}
        storageClassName: {{ . | quote }}
        {{- end }}
        resources: {requests: {storage: {{ .values.storage.size }}}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $name }}
  labels: {{- include "gorocket.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .kind }}
data:
  {{- $conf := .conf }}{{ $each := .each }}{{ $own := .values.config | default dict }}
  {{- range $i := until (int .values.replicas) }}
  {{ $name }}-{{ $i }}.conf: |
    {{- $keys := mergeOverwrite (deepCopy $conf) (index $each $i) $own }}
    {{- range $key, $value := $keys }}
    {{ $key }}={{ $value }}
    {{- end }}
  {{- end }}
{{- if and $root.Values.podDisruptionBudget (gt (int .values.replicas) 1) }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  labels: {{- include "gorocket.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .kind }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/instance: {{ $root.Release.Name }}
      app.kubernetes.io/component: {{ .kind }}
{{- end }}
{{- end }}
