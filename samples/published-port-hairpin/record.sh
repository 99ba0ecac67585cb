# shellcheck shell=bash disable=SC2034
capture_in=host capture_on=any namespaces=(host web app)

build() {
  container_host
}

rules() {
  container_rules
}

traffic() {
  serve web tcp 172.17.0.2 80
  request web tcp 40000 192.0.2.10 8080
}
