"""Sources by address: git repositories, feeds and sitemaps, mail, WebDAV, S3, SFTP; one module each."""
