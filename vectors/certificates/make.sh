#!/bin/sh
# Makes every file here anew, with openssl alone. Valid from 2020 to 2120, so that virtual time is inside.
set -eu
cd "$(dirname "$0")"
rm -f ./*.pem ./*.srl
from=20200101000000Z
to=21200101000000Z
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key() { # NAME KIND
  case $2 in
    rsa*) openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:"${2#rsa}" -out "$1.key.pem" ;;
    ed*) openssl genpkey -algorithm "$2" -out "$1.key.pem" ;;
    *) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:"$2" -out "$1.key.pem" ;;
  esac
}

sign() { # NAME SUBJECT ISSUER EXTENSIONS [FROM TO]
  issuer=$3
  : >"$work/index.txt"
  printf '%s\n' '[ca]' 'default_ca=d' '[d]' "database=$work/index.txt" "new_certs_dir=$work" 'rand_serial=yes' \
    'default_md=sha256' 'policy=p' 'unique_subject=no' '[p]' 'countryName=optional' 'organizationName=optional' 'commonName=supplied' \
    '[x]' "$4" >"$work/ca.cnf"
  openssl req -new -key "$1.key.pem" -subj "$2" -out "$work/$1.csr"
  if [ "$issuer" = self ]; then set -- "$@" ; signer="-selfsign -keyfile $1.key.pem"; else signer="-cert $issuer.pem -keyfile $issuer.key.pem"; fi
  # shellcheck disable=SC2086
  openssl ca -batch -notext -config "$work/ca.cnf" -extensions x -in "$work/$1.csr" -out "$1.pem" \
    -startdate "${5:-$from}" -enddate "${6:-$to}" $signer 2>/dev/null
}

ca='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash'
end() { printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nsubjectAltName=%s' "$1"; }

key ca rsa2048 && sign ca '/C=CH/O=ikev2/CN=Test CA' self "$ca"
key stranger prime256v1 && sign stranger '/C=CH/O=ikev2/CN=Other CA' self "$ca"
key middle prime256v1 && sign middle '/C=CH/O=ikev2/CN=Middle CA' ca "$ca"
key east rsa2048 && sign east '/C=CH/O=ikev2/CN=east.test' ca "$(end 'DNS:east.test,IP:10.0.0.1')"
key west prime256v1 && sign west '/C=CH/O=ikev2/CN=west.test' ca "$(end 'DNS:west.test,IP:10.0.0.2,email:west@test')"
key rsa3072 rsa3072 && sign rsa3072 '/C=CH/O=ikev2/CN=rsa3072.test' ca "$(end 'DNS:rsa3072.test')"
key p384 secp384r1 && sign p384 '/C=CH/O=ikev2/CN=p384.test' ca "$(end 'DNS:p384.test')"
key p521 secp521r1 && sign p521 '/C=CH/O=ikev2/CN=p521.test' ca "$(end 'DNS:p521.test')"
key brainpool brainpoolP256r1 && sign brainpool '/C=CH/O=ikev2/CN=brainpool.test' ca "$(end 'DNS:brainpool.test')"
key ed25519 ed25519 && sign ed25519 '/C=CH/O=ikev2/CN=ed25519.test' ca "$(end 'DNS:ed25519.test')"
key ed448 ed448 && sign ed448 '/C=CH/O=ikev2/CN=ed448.test' ca "$(end 'DNS:ed448.test')"
key deep prime256v1 && sign deep '/C=CH/O=ikev2/CN=deep.test' middle "$(end 'DNS:deep.test')"
key astray prime256v1 && sign astray '/C=CH/O=ikev2/CN=east.test' stranger "$(end 'DNS:east.test')"
key expired prime256v1 && sign expired '/C=CH/O=ikev2/CN=expired.test' ca "$(end 'DNS:expired.test')" "$from" 20210101000000Z
key wildcard prime256v1 && sign wildcard '/C=CH/O=ikev2/CN=*.wild.test' ca "$(end 'DNS:*.wild.test')"
key webonly prime256v1 && sign webonly '/C=CH/O=ikev2/CN=webonly.test' ca "$(end 'DNS:webonly.test')
extendedKeyUsage=codeSigning"
