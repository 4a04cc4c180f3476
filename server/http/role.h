/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_ROLE_H
#define HTTP_ROLE_H

/* What a caller may do; a route names the roles that may call it. */
enum role {
    ROLE_VIEWER = 1,
    ROLE_OPERATOR = 2,
    ROLE_PUBLISHER = 4,
    ROLE_ADMIN = 8,
    ROLE_DEVICE = 16,
};

#define ROLES_PUBLIC 0U /* no token needed */
#define ROLES_READ ((unsigned)ROLE_VIEWER | ROLE_OPERATOR | ROLE_PUBLISHER | ROLE_ADMIN)
#define ROLES_OPERATE ((unsigned)ROLE_OPERATOR | ROLE_ADMIN)
#define ROLES_PUBLISH ((unsigned)ROLE_PUBLISHER | ROLE_ADMIN)
#define ROLES_REGISTER (ROLES_PUBLISH | ROLE_OPERATOR)
#define ROLES_ADMIN ((unsigned)ROLE_ADMIN)
#define ROLES_DEVICE ((unsigned)ROLE_DEVICE)

#endif
