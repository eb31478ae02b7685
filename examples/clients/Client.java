// Java's TLS clients, put to an audit: Client http|socket|bare HOST PORT NAME CA MESSAGE.
//
// http is java.net.http.HttpClient, which finds NAME by -Djdk.net.hosts.file; socket is an SSLSocket that is told to
// check the name, bare one as most people use it, which checks none.

import java.io.FileInputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

public class Client {
    public static void main(String[] args) throws Exception {
        String how = args[0], host = args[1], name = args[3], message = args[5];
        int port = Integer.parseInt(args[2]);
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (FileInputStream file = new FileInputStream(args[4])) {
            int number = 0;
            for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                trusted.setCertificateEntry("trusted" + number++, each);
            }
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        if (how.equals("http")) {
            HttpRequest request = HttpRequest.newBuilder(URI.create("https://" + name + ":" + port + "/"))
                .version(HttpClient.Version.HTTP_1_1)
                .POST(HttpRequest.BodyPublishers.ofString(message)).build();
            HttpClient client = HttpClient.newBuilder().sslContext(context).build();
            System.out.print(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
            System.exit(0);
        }
        try (Socket plain = new Socket(host, port);
             SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(plain, name, port, true)) {
            if (how.equals("socket")) {
                var parameters = tls.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                tls.setSSLParameters(parameters);
            }
            tls.getOutputStream().write((message + "\n").getBytes());
            byte[] answer = new byte[100];
            int count = tls.getInputStream().read(answer);
            System.out.write(answer, 0, Math.max(count, 0));
            System.out.flush();
        }
    }
}
