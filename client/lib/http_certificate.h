/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_HTTP_CERTIFICATE_H
#define LIB_HTTP_CERTIFICATE_H

/*
 * What to do about a server's certificate that did not verify. verdict is OpenSSL's
 * (X509_V_ERR_..., listed in verify(1)). NULL: nothing is known.
 */
const char *http_certificate_hint(long verdict);

#endif
