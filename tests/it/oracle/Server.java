// Server.java CERT_FILE ENCRYPTED_KEY_FILE PASSPHRASE KEY_ALGORITHM: tells the key's kind, then echoes lines.

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

public final class Server {
    public static void main(String[] arguments) throws Exception {
        Certificate certificate;
        try (FileInputStream file = new FileInputStream(arguments[0])) {
            certificate = CertificateFactory.getInstance("X.509").generateCertificate(file);
        }
        char[] passphrase = arguments[2].toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        PrivateKey key = open(Files.readString(Path.of(arguments[1])), passphrase, arguments[3]);
        System.out.println("key: " + key.getAlgorithm());
        store.setKeyEntry("server", key, passphrase, new Certificate[] {certificate});
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, passphrase);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);

        SSLServerSocket listener = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 8, InetAddress.getByName("127.0.0.1"));
        System.out.println("listening on 127.0.0.1:" + listener.getLocalPort());
        while (true) {
            try (SSLSocket secure = (SSLSocket) listener.accept()) {
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(secure.getInputStream(), StandardCharsets.UTF_8));
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    secure.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
                }
            } catch (java.io.IOException error) {
                System.out.println("failed: " + error.getMessage());
            }
        }
    }

    private static PrivateKey open(String pem, char[] passphrase, String algorithm) throws Exception {
        String base64 = pem.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
        EncryptedPrivateKeyInfo sealed = new EncryptedPrivateKeyInfo(Base64.getDecoder().decode(base64));
        // "PBES2" itself names no cipher: its parameters do.
        String scheme = sealed.getAlgParameters().toString();
        SecretKey secret = SecretKeyFactory.getInstance(scheme).generateSecret(new PBEKeySpec(passphrase));
        Cipher cipher = Cipher.getInstance(scheme);
        cipher.init(Cipher.DECRYPT_MODE, secret, sealed.getAlgParameters());
        return KeyFactory.getInstance(algorithm).generatePrivate(sealed.getKeySpec(cipher));
    }
}
