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
  serve web tcp 172.17.0.2 22
  request lan tcp 40000 192.0.2.10 8080
  request lan tcp 40001 172.17.0.2 22
  request lan tcp 40002 192.0.2.10 8081
}
