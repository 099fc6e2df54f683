"""PDFs written by hand: texts at places, lines, fields, links, bookmarks, attached files."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence

Text = tuple[float, float, str]
"""Distance from the left and from the bottom in points, and the words there."""
Rule = tuple[float, float, float, float]


def shown(texts: Sequence[Text], rules: Sequence[Rule] = (), size: float = 10) -> str:
    """The instructions of a page with these texts, each shown by itself, and these lines."""
    drawn = "".join(f"{a} {b} m {c} {d} l S\n" for a, b, c, d in rules)
    return drawn + "".join(f"BT /F1 {size} Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET\n" for x, y, text in texts)


def sheet(*pages: str, extra: str = "", root: str = "", more: Sequence[str] = (), rotate: int = 0) -> bytes:
    """A PDF of pages with these instructions. `extra` is added to each page, `root` to the catalogue.

    `more` are further objects; the first of them has the number 3 + twice the number of pages.
    """
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {root} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
    ]
    for n, content in enumerate(pages):
        objects.append(f"<< /Length {len(content.encode('latin-1'))} >>\nstream\n{content}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Rotate {rotate} "
            f"/Contents {3 + 2 * n} 0 R {extra} "
            "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        )
    out, offsets = "%PDF-1.5\n", []
    for number, body in enumerate([*objects, *more], 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    out += f"xref\n0 {len(offsets) + 1}\n0000000000 65535 f \n{table}"
    end = out.rindex("xref\n0 ")
    out += f"trailer\n<< /Size {len(offsets) + 1} /Root 1 0 R >>\nstartxref\n{end}\n%%EOF\n"
    return out.encode("latin-1")


def packed(data: bytes) -> str:
    """A file as a line of text."""
    return base64.b85encode(zlib.compress(data, 9)).decode()


def unpacked(text: str) -> bytes:
    """The file that `packed` made a line of."""
    return zlib.decompress(base64.b85decode(text))


OPEN_AES_128 = unpacked(
    r"""c-n<iO=}ZD7`9>&mO@V+MA4y;qC(yI-dzbn+a&l^6OvlcqA<HVNw+4uWizR5{W!OmUPZi!P<j&)(Srx^7bp}zZXTqd;N"""
    r"""63^I=gL}NDuBV%<MDo`##S+^G>FmFOHzo+{nE7`DDvL0D{P!F|t`;mPK8*0M<wam=g=L5}0E`iAGchxtt+GKMBM=31d+"""
    r"""^Q~&|<QsB416d-BpjZX4*y>2S`CpA<uR4qWa>BglWh|y?XSAqKF2m{N(Nv*PobznzUMYf`L?CH8mm7=b)JwfR(Dq1qd%"""
    r"""=5A_Csp7HU{>3%O7$eFP)A%EmdovYW+hTWNzKuty+=Cjk$zc*bu|r;mS`4(hLW)!8#+5Ly~t0qS}K;JX`Ea;w*Ij6Yjy"""
    r"""vpO!%9BTYkIt(Hc8=n-0%Cdhqqt#NobE%`f>YE6+BL-@o1u7KelU&5J{uud~nBKfgHi{lh!c9o#VQp7{Z127=)~D@O+I"""
    r"""t(bj7OON+m>mR&zXL)IJU^IGp_QdK|^ZnDK^?e7l*d68_*{s*`Vro%U`8%_7Z8cq(OT0Dnkyo0PVG=a17Yfx$+}$Vdc+"""
    r"""}Z!Rf*6SvEL2BHZV&d%UR8p(zUpx+(EA8d(;)KWUhmdCv6Kkyha=!dNp6b8iWppHn9n|C?di_RCAQU2-T;d+d|Vciygg"""
    r"""sh`T>mK~^%zEbKt!QcRfRJ1(?b!hIXo9Njn!B8(~HLdy`6Awsc51ovG%^K8pYs3tW@_k`zTSu=Fw8F2RjoH4>c4eVk_8"""
    r"""=9_!U5wK`7{X)^MiAVCQKu(P#Uf~Edy}K7L{W0D(vGhNixO~PUdV%~EI|}82Xn2<*83!w*py>VNou3Ra{rIeSE>+t@xr"""
    r"""VEEM-XhRm3WFKznCoGKEsn_zROGEOY"""
)

OPEN_AES_256 = unpacked(
    r"""c-n<jO^6$17{-H_AnKtPZ=XmG9_oDmKM)tXO+wWz8xwaymPNkbG$or^CbP@7y$K3M5AID5Qh!b!6cs#)779`o^r{C@DN"""
    r""";eHAR>a$;yaT~8ref<hM8~Pzvp?MdB17)+TD}n3Dsy`{pX!K4T3Pr-T6kVg|f~;87I?GKAEEG^;CPcQ!iHSG;YSC@}LY"""
    r"""-mm=5VejFo>R#vJj>)BzPA__J8D0}Y0ZbaE>TiS6x1a~7&LIp*aAW!FelM)e>Ju?bZw1rrmx;;;x)w`R@{+Bud66F-}8"""
    r"""Qj?zMs_tnfGQYHNhnf=R<(MzfWSGeew^leg^#l)yHI7eAd6mWTXrUn_hUKo7G;AySJr$gR%A}D4x2Sz_1@1*TSmZG;=V"""
    r"""+kFHv8MlVN!d5uliLN8>UU@Ek*SJNi7-S<|wJcBgUTu(<!p-`dxHe!TqXr|aL`eDKWcC$8Uk>z5C1eRsuvdg;eMZ}uK}"""
    r"""_P$T1?>>F|ck=vW+pX=tcVGGV3vuh(mG`gS{_Mk-zkca~=GMXC+Q02L4}aKr_;TL6^yTIYZ|}VL*F%FFm+yT4Re0_5>8"""
    r"""oqs{_*Iq!#Ca=0@)+vBidqF@op{ApbST=Q+wsP&VHqB*3SL<Zk$v>XTi}KY_dh4jLtQhH#;cpB-kP>La2}^TSqM%jCR3"""
    r"""9>4FGMVqz1PhB_LEH#jO9f=<qoL^O6pdnu@8ENCiuvNGDl6?Vxh92|+1F=Z@Of(t=}<WhLxunt2VR1n~IiX;_{_k=L56"""
    r"""vbNd7?sjE2^EtIj&VU)kW^CcxCoe<K$A7qsH2k{?y=Z`K_XZZ>!W9mE2D&Vlo$pjxJXhvU%~c~toq*R&IN==arb2diWu"""
    r"""Xya99v-v5k&;YHad}_+S##lu%8*HZBB)10XVjF;F+b0!!sNNzn&uKpQ4W!ZC0sqGdQquXPF*NNhmwntLS^XcD*~I7BbB"""
    r"""f+PbGTEj?24Dw1#lQd2<fO0%BDS3d)vBaUwCK5}NeNe>IfDPBcivvj^m_P|FYy<|W_DmKw!timMHpgsC$zwJlmg367j>"""
    r"""a%n)kya9y!xNiJAE*^7%SDEYNM?dBb*3BCGgTl8Ah4r@Lf4$no(uM%Dp4tSJIjI;=*o;M2%4IQ(Kg^0t7xuquK1NcN_l"""
    r"""!If0V_"""
)

LOCKED_AES_256 = unpacked(
    r"""c-n<jO^6&t6vm6n;7QOxPK9O#!KAzXt7NjWo0%bE;tV@xjRwW)s#lwl+3uyMXWcayFM@>CgBS0Df=5wMP%t10BDn<-6!"""
    r"""GA}h{2nQg2C6lJCl(;*wZ~-{eHji>sP%r==6@$6S}qZ#m#qbw<t+Tk-gk%w@K37sUV+>ihM%q$Cb`%w^^*Z39Lg|dq{$"""
    r"""*3z27F8^*+t<>mTJ25ti;gkjA!l037!1tdA;DmN}R(A|PO)UDV;%TvWPuLvc{Q=>2;7YJ`sUzjED*SnL-|C5>{h-yN_e"""
    r"""!H^}MsBs(!73^K6lFwPR@WN15(8(j)?iXhOAq@bdst<ELFZf>TXGu4+fa?XBgt@@RSljR6`g@=!uE;R+}DcARe(JfurE"""
    r"""Lt3((I%zENEy6d@+P(YS&V?_<pFfG<LmHK|H)o2~EO|LKjlo*3LbcJ;<9<bg-~_q_SgSAWL8Pd@kiA78(B_cx!tv%C82"""
    r"""(JRkizJBl9m#*#Io?d$R#S`~^yYk`Q=`U6F^T(gQ_SXmhyq=sFn~(F$AFUj@`rxg-!7csL{l8qfYeGIh`RlbuetYcb^&"""
    r"""f5=`~JtLKRK_DAlQS>2e9R$;=M+qVHFNmE7R&?ce~a$=@h=d1$iBG79HK;I-m38Y^KqS?67iqaAlZ>FsVq=Cv6K#ry_9"""
    r"""8v=31Pp_MV(vFJmPK?*Ikpe*tj&=<ART5vB-mZd^*;T1QaJZHwy7?_bpD(<yXsn?taU=}g-ai~pdn6S)J#*6`o)CuaW_"""
    r"""Av!6xdsuO4KzB<I8R-cf#BRmNx2h-$EM7H92fWx<t7f2ae{f{MTp8NWrD~g6@oMDDTLH%Jsw2Wyf=F@0r6Jec{oSfj!N"""
    r"""pCG@8nwrBo1=R?!6TK{C9wH7r$`W0r%mELzDKXbl-~BT{d{0#F8^g>uGI<pijZai*|f<Ss)H=a9QXgUuXjA{cPz8IpBI"""
    r"""WPvls@I8n$r7>ENGNsI>;E)b*FBEe|QO>Z;I*|*Ly;DML;f8Ca^MfcUxg?RyZ4?Ko@#J$G<>_IYv4?D2t3x&^7vieYjm"""
    r"""9`u^+>K2Mg2W#cKUGiD%7e!*&!F&oC+!}Q;5r0Z8<~HPzrpphBIyD^8ZKRr=*+va(AmDvgy$5Q&(1v0+gnzwY1dj_gen"""
    r"""~$%l&>"""
)
