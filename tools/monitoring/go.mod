// The definitions of the monitoring kinds, for the tests of the chart; copied by
// tools/go-tools.sh.
module isthmus.dev/tools/monitoring

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
