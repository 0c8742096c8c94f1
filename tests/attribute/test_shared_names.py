"""Names that several services share a suffix of, told apart as their owners do."""

import pytest

from folkways.attribute.catalogue import Catalogue


@pytest.fixture(scope="module")
def packaged() -> Catalogue:
    return Catalogue.load()


@pytest.mark.parametrize(
    ("host", "service"),
    [
        # Meta's content network says the product first.
        ("instagram.fmnl4-1.fna.fbcdn.net", "instagram"),
        ("instagram.flhr3-4.fna.fbcdn.net", "instagram"),
        ("instagram-p3-shv-01-ams4.fbcdn.net", "instagram"),
        ("scontent-lax3-2.cdninstagram.com", "instagram"),
        ("scontent.cdninstagram.com", "instagram"),
        ("igcdn-photos-e-a.akamaihd.net", "instagram"),
        ("whatsapp-cdn-shv-01-fra3.fbcdn.net", "whatsapp"),
        ("scontent.fmnl4-1.fna.fbcdn.net", "facebook"),
        ("video-lhr8-1.xx.fbcdn.net", "facebook"),
        ("static.xx.fbcdn.net", "facebook"),
        ("fbcdn-profile-a.akamaihd.net", "facebook"),
        ("xinstagram.fna.fbcdn.net", "facebook"),
        ("a.instagram.fna.fbcdn.net", "facebook"),
        ("5-edge-chat.facebook.com", "messenger"),
        ("star-mini.c10r.facebook.com", "facebook"),
        # Disney's platform says the brand first.
        ("disney.api.edge.bamgrid.com", "disney-plus"),
        ("disneyplus.playback.edge.bamgrid.com", "disney-plus"),
        ("espn.api.edge.bamgrid.com", "espn"),
        ("hulu.playback.edge.bamgrid.com", "hulu"),
        ("global.edge.bamgrid.com", "disney-streaming"),
        ("bam-sdk-configs.bamgrid.com", "disney-streaming"),
        ("www.espn.com", "espn"),
        # qq.com is all of Tencent's.
        ("im.qq.com", "qq"),
        ("user.qzone.qq.com", "qq"),
        ("mail.qq.com", "qq-mail"),
        ("mp.weixin.qq.com", "wechat"),
        ("c.y.qq.com", "qq-music"),
        ("kg.qq.com", "wesing"),
        ("v.qq.com", "tencent-video"),
        ("docs.qq.com", "tencent-docs"),
        ("apis.map.qq.com", "tencent-maps"),
        ("lol.qq.com", "league-of-legends"),
        ("cf.qq.com", "crossfire"),
        ("sports.qq.com", "tencent-news"),
        ("www.qq.com", "tencent"),
        ("gdt.qq.com", "tencent-ads"),
        # Brands under another domain of their own.
        ("www.qiyi.com", "iqiyi"),
        ("pic1.qiyipic.com", "iqiyi"),
        ("play.itunes.apple.com", "itunes"),
        ("sync.itunes.apple.com", "itunes"),
        ("p53-buy.itunes.apple.com", "app-store"),
        ("buy.itunes.apple.com", "app-store"),
        ("hls-amt.itunes.apple.com", "apple-tv-plus"),
        ("chat.google.com", "google-chat"),
        ("hangouts.google.com", "google-chat"),
        ("meet.google.com", "google-meet"),
        ("doc-0s-2c-docs.googleusercontent.com", "google-drive"),
        ("lh3.googleusercontent.com", "google"),
        ("mt1.google.com", "google-maps"),
        ("mtalk.google.com", "google-play"),
        ("contoso-my.sharepoint.com", "onedrive"),
        ("contoso.sharepoint.com", "office365"),
        ("avs-alexa-14-na.amazon.com", "alexa-assistant"),
        ("atv-ps-eu.amazon.co.uk", "amazon-video"),
        ("www.amazon.co.uk", "amazon"),
        ("p16-tiktok-sg.ibyteimg.com", "tiktok"),
        # A customer of a content network by the label that is its own; the network itself else.
        ("steamuserimages-a.akamaihd.net", "steam"),
        ("steampipe-partner.akamaized.net", "steam"),
        ("epicgames-download1.akamaized.net", "epic-games"),
        ("vod-dash-uk-live.akamaized.net", "bbc"),
        ("71vod-adaptive.akamaized.net", "vimeo"),
        ("assetshuluimcom-a.akamaihd.net", "hulu"),
        ("apiproxy-website-nlb-prod-1-0a.elb.eu-west-1.amazonaws.com", "netflix"),
        ("dualstack.apiproxy-device-0a.us-west-2.amazonaws.com", "netflix"),
        ("bucket.s3.amazonaws.com", "aws"),
        ("media-rockstargames-com.akamaized.net", "rockstar"),
        ("firebaseremoteconfig.googleapis.com", "firebase"),
        ("www.googleapis.com", "google"),
        ("www.awxcdn.com", "accuweather"),
        ("somebody-a.akamaihd.net", "akamai"),
        ("a1.g.akamai.net", "akamai"),
    ],
)
def test_who_a_name_belongs_to(packaged: Catalogue, host: str, service: str) -> None:
    found = packaged.match_name(host)
    assert (found.service if found else None) == service
